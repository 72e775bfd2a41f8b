/** The right panel: what it shows, if anything. */
import { route } from "../lib/router.js";
import { effect, signal } from "../vendor/signals.js";

/** @typedef {{kind: "sources"|"branches"|"settings"|"prompt"|"document", messageId?: string, n?: number, source?: any}} Panel */

/** @type {import("../vendor/signals.js").Signal<(Panel & {talk: string|null})|null>} */
export const panel = signal(null);

/** Opens the panel with something else; asked for what it already shows, closes it. */
export function togglePanel(/** @type {Panel} */ next) {
  const now = panel.value;
  const same = now && now.kind === next.kind && now.messageId === next.messageId && now.n === next.n;
  if (same) closePanel();
  else openPanel(next);
}

/** Opens the panel with something, also when it shows that already. */
export function openPanel(/** @type {Panel} */ next) {
  panel.value = { ...next, talk: talkOf(route.peek()) };
}

/** Closes the panel. */
export function closePanel() {
  panel.value = null;
}

/** Starts to close what belongs to one chat when another comes on screen. The settings go along; a temporary chat has none. */
export function startPanel() {
  effect(() => {
    const talk = talkOf(route.value);
    const shown = panel.peek();
    if (!shown || !talk || talk === shown.talk) return;
    if (shown.kind !== "settings" || talk === "temporary") closePanel();
  });
}

function talkOf(/** @type {import("../lib/router.js").Route} */ { name, id }) {
  if (name === "conversation") return id ?? null;
  return name === "home" || name === "temporary" ? name : null;
}
