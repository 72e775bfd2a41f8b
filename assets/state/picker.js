/** The model picker: for which choice it is open. */
import { signal } from "../vendor/signals.js";

/** @typedef {{title?: string, current?: string, onPick?: (id: string) => void}} Purpose */

/** @type {import("../vendor/signals.js").Signal<Purpose|null>} null while closed; without `onPick` it chooses for the chat on screen */
export const picker = signal(null);

/** @param {Purpose} [purpose] */
export function openPicker(purpose = {}) {
  picker.value = purpose;
}
