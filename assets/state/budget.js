/** What the next question is sent with, as the server counts it: the same count that its prompt is trimmed by. */
import { get } from "../lib/api.js";
import { signal } from "../vendor/signals.js";
import { on, onReturn } from "./connection.js";

/**
 * @typedef {{budget_tokens: number, history_limit: number, fixed_tokens: number, past_tokens: number,
 *   message_tokens: number, image_tokens: number}} Budget
 */

const NEWS = ["message", "conversation", "note", "tool_servers", "providers", "config"];

/** Grows whenever something happened that may make it another. */
export const budgetNews = signal(0);

/** Counts it, for a conversation or a new one. @returns {Promise<Budget>} */
export function loadBudget(/** @type {string|null} */ conversation, /** @type {string} */ model) {
  return get("/prompt-budget", { conversation_id: conversation, model });
}

/** Follows what changes it. */
export function startBudget() {
  const news = () => (budgetNews.value += 1);
  for (const event of NEWS) on(event, news);
  onReturn(({ first }) => first || news());
}
