/** The right panel: what it shows, if anything. */
import { signal } from "../vendor/signals.js";

/** @typedef {{kind: "sources"|"branches"|"settings"|"prompt"|"document", messageId?: string, n?: number, source?: any}} Panel */

/** @type {import("../vendor/signals.js").Signal<Panel|null>} */
export const panel = signal(null);

/** Opens the panel with something else; asked for what it already shows, closes it. */
export function togglePanel(next) {
  const now = panel.value;
  const same = now && now.kind === next.kind && now.messageId === next.messageId && now.n === next.n;
  panel.value = same ? null : next;
}

/** Opens the panel with something, also when it shows that already. */
export function openPanel(next) {
  panel.value = next;
}

/** Closes the panel. */
export function closePanel() {
  panel.value = null;
}
