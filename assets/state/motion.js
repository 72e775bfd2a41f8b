/** Whether things may move: what the system says, or less. `theme.css` reads `data-motion` on the root. */
import { keep, onKept, recall } from "../lib/storage.js";
import { effect, signal } from "../vendor/signals.js";

/** `system` or `reduced`. */
export const motion = signal(recall("motion", "system"));

onKept("motion", (value) => (motion.value = value ?? "system"));
effect(() => {
  document.documentElement.dataset.motion = motion.value;
});

/** @param {"system"|"reduced"} choice */
export function setMotion(choice) {
  motion.value = choice;
  keep("motion", choice);
}
