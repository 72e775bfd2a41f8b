/** Which answers stand side by side: the siblings under a question, two at a time. */
import { get } from "../lib/api.js";
import { signal } from "../vendor/signals.js";
import { complain } from "./notices.js";
import { setMessage } from "./threads.js";

/** Ids of the questions whose answers are shown in columns. */
export const compared = signal(new Set());

/** Shows the answers to a question in columns. */
export function showBeside(questionId) {
  compared.value = new Set([...compared.value, questionId]);
}

/** Shows one answer again. */
export function showAlone(questionId) {
  const next = new Set(compared.value);
  next.delete(questionId);
  compared.value = next;
}

/** The sibling to stand beside a message: the one before it, or the one after the first. */
export function besideOf(message) {
  const at = message.sibling_ids.indexOf(message.id);
  return message.sibling_ids[at === 0 ? 1 : at - 1];
}

/** Makes sure that a sibling is held. */
export async function fetchSibling(thread, siblingId) {
  if (thread.messages.has(siblingId)) return;
  try {
    setMessage(thread, await get(`/conversations/${thread.id}/messages/${siblingId}`));
    thread.path.value = [...thread.path.value];
  } catch (error) {
    complain(error);
  }
}
