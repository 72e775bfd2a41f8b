/** One table of shortcuts: it drives the handlers and the help, and the reader may rebind each row. */
import { inField, keysLabel as label, keysOf } from "../lib/keys.js";
import { keep, onKept, recall } from "../lib/storage.js";
import { t } from "../lib/text.js";
import { computed, signal } from "../vendor/signals.js";

const TABLE = [
  ["search", "Mod+K"],
  ["new_chat", "Mod+Shift+O"],
  ["temporary", "Mod+Shift+Y"],
  ["sidebar", "Mod+Shift+S"],
  ["library", "Mod+Shift+L"],
  ["settings", "Mod+,"],
  ["help", "Mod+/"],
  ["copy_last", "Mod+Shift+C"],
  ["model", "Mod+Shift+M"],
  ["focus_composer", "Shift+Escape"],
  ["stop", "Escape"],
  ["previous_chat", "Alt+ArrowUp"],
  ["next_chat", "Alt+ArrowDown"],
];

const changed = signal(recall("shortcuts", {}));
const handlers = new Map();
let listening = true;

/** @type {import("../vendor/signals.js").ReadonlySignal<{id: string, keys: string, defaultKeys: string, label: string}[]>} */
export const shortcuts = computed(() =>
  TABLE.map(([id, defaultKeys]) => ({
    id,
    keys: changed.value[id] ?? defaultKeys,
    defaultKeys,
    label: t(`shortcut.${id}`),
  })),
);

/** The keys of an action for people, such as `Ctrl+K`. */
export function keysFor(id) {
  return label(shortcuts.value.find((entry) => entry.id === id)?.keys ?? "");
}

/** A combination for people. */
export function keysLabel(keys) {
  return label(keys);
}

/** Gives an action other keys; answers the id of the action that has them already, and then changes nothing. */
export function rebind(id, keys) {
  const holder = shortcuts.value.find((entry) => entry.keys === keys && entry.id !== id);
  if (holder) return holder.id;
  changed.value = { ...changed.value, [id]: keys };
  keep("shortcuts", changed.value);
  return null;
}

/** Back to the table as it came. */
export function resetShortcuts() {
  changed.value = {};
  keep("shortcuts", null);
}

/** While keys are being recorded for a rebinding, none of them acts. */
export function listenToShortcuts(active) {
  listening = active;
}

/** What an action does. A handler that returns `false` lets the key through. */
export function handle(id, action) {
  handlers.set(id, action);
}

/** Starts to listen. */
export function startShortcuts() {
  onKept("shortcuts", (value) => (changed.value = value ?? {}));
  addEventListener("keydown", (event) => {
    if (!listening || event.defaultPrevented || event.isComposing) return;
    const keys = keysOf(event);
    const entry = shortcuts.value.find((row) => row.keys === keys);
    if (!entry || !handlers.has(entry.id)) return;
    if (inField(event) && !/Mod|Alt|Escape/.test(keys)) return;
    if (document.querySelector("dialog[open]") && keys.endsWith("Escape")) return;
    if (handlers.get(entry.id)() !== false) event.preventDefault();
  });
}
