/** Key combinations as text, such as `Mod+Shift+O` (`Mod` is Cmd on a Mac, Ctrl elsewhere). */

const MAC = /Mac|iPhone|iPad/.test(navigator.platform);
const ALONE = new Set(["Control", "Shift", "Alt", "Meta", "AltGraph"]);
const SIGNS = { ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", Escape: "Esc", Mod: "Ctrl" };
const MAC_SIGNS = { ...SIGNS, Mod: "⌘", Shift: "⇧", Alt: "⌥", Escape: "esc" };

/** The combination that an event is, or null while only modifiers are down. */
export function keysOf(event) {
  if (ALONE.has(event.key)) return null;
  const letter = event.key.length === 1;
  const parts = [];
  if (event.ctrlKey || event.metaKey) parts.push("Mod");
  if (event.altKey) parts.push("Alt");
  // Shift is part of how a sign such as `/` is typed on some keyboards, so it counts only with letters and named keys.
  if (event.shiftKey && (!letter || /\p{L}/u.test(event.key))) parts.push("Shift");
  parts.push(letter ? event.key.toUpperCase() : event.key);
  return parts.join("+");
}

/** A combination for people: `Ctrl+Shift+O`, or `⇧⌘O` on a Mac. */
export function keysLabel(keys) {
  if (!keys) return "";
  const parts = keys.split("+").map((part) => part || "+");
  if (MAC) return parts.map((part) => MAC_SIGNS[part] ?? part).join("");
  return parts.map((part) => SIGNS[part] ?? part).join("+");
}

/** Whether a key event belongs to something that takes text. */
export function inField(event) {
  return Boolean(event.target.closest?.("input, textarea, select, [contenteditable]"));
}
