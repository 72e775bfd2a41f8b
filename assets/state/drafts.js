/** What was typed and not sent, one draft for each conversation. */
import { forgetAll, keep, recall } from "../lib/storage.js";
import { onNewcomer } from "./session.js";

const name = (id) => `draft.${id ?? "new"}`;

/** The draft of a conversation (`null` is the next new one). */
export function draftOf(id) {
  return recall(name(id), "");
}

/** Keeps a draft; an empty one is forgotten. */
export function keepDraft(id, text) {
  keep(name(id), text || null);
}

/** Starts to keep them from whoever signs in next. */
export function startDrafts() {
  onNewcomer(() => forgetAll("draft."));
}
