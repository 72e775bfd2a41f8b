/** What is said in passing: toasts with their Undo, and the two regions that screen readers follow. */
import { t } from "../lib/text.js";
import { toSecond } from "../lib/time.js";
import { signal } from "../vendor/signals.js";

const TOAST_MS = 8000;
const LOG_KEEPS = 5;
const TOO_MANY = 429;

/** @typedef {{id: number, text: string, kind: "plain"|"error", undo: null|(() => any)}} Toast */

/** @type {import("../vendor/signals.js").Signal<Toast[]>} */
export const toasts = signal([]);

/** The text of the polite status region. */
export const spoken = signal("");

/** Whole messages for the log region, newest last. */
export const spokenLog = signal([]);

const timers = new Map();
let nextId = 1;

/**
 * Shows a toast; with `undo` it offers to take the thing back.
 * @param {{text: string, undo?: null|(() => any), kind?: "plain"|"error"}} what
 */
export function toast({ text, undo = null, kind = "plain" }) {
  const id = nextId++;
  toasts.value = [...toasts.value.slice(-2), { id, text, kind, undo }];
  resume(id);
  return id;
}

/** Says what went wrong, in the server's words where it gave any. */
export function complain(error) {
  // The page that asks for the password says it all.
  if (error?.status === 401) return;
  toast({ text: reasonOf(error), kind: "error" });
}

/** One sentence for an error, and when it is worth trying again. */
export function reasonOf(error) {
  if (error?.code === "server_unreachable") return t("error.unreachable");
  const reason = sentence(error?.message) || t("error.unknown");
  if (error?.status !== TOO_MANY || !error.retryAt) return reason;
  return t("error.until", { reason: reason.replace(/\.$/, ""), time: toSecond(error.retryAt) });
}

/** The server's words as a sentence by themselves; they start small, since they also stand inside others. Names stay. */
export function sentence(text) {
  return text?.replace(/^\p{Ll}(?=\p{Ll}*[\s,:;])/u, (letter) => letter.toLocaleUpperCase()) ?? "";
}

/** Takes a toast away. */
export function dismiss(id) {
  pause(id);
  toasts.value = toasts.value.filter((entry) => entry.id !== id);
}

/** Keeps a toast while the reader is on it. */
export function pause(id) {
  clearTimeout(timers.get(id));
  timers.delete(id);
}

/** Lets a toast go again after its time. */
export function resume(id) {
  pause(id);
  timers.set(id, setTimeout(() => dismiss(id), TOAST_MS));
}

/** Announces a short sentence to screen readers. */
export function say(text) {
  spoken.value = text;
}

/** Gives a whole message to the log region. */
export function log(text) {
  spokenLog.value = [...spokenLog.value.slice(1 - LOG_KEEPS), { id: nextId++, text }];
}
