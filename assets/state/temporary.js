/** A temporary chat: it lives in this page only, and the server keeps nothing of it. */
import { post, randomKey, turnEventsUrl } from "../lib/api.js";
import { t } from "../lib/text.js";
import { signal } from "../vendor/signals.js";
import { modelFor } from "./models.js";

/** @type {import("../vendor/signals.js").Signal<any[]>} messages in the shape of the server's */
export const temporaryMessages = signal([]);

/** The turn that runs, or null. */
export const temporaryTurn = signal(null);

let source = null;

/** Forgets everything, and stops what runs. */
export function clearTemporary() {
  stopTemporary();
  temporaryMessages.value = [];
}

/** Asks; the whole talk so far travels along, since the server has none of it. */
export async function askTemporary(content, attachments = []) {
  const model = modelFor(null);
  const now = new Date().toISOString();
  const question = { id: randomKey(), role: "user", content, state: "complete", created_at: now, attachments, sources: [] };
  const answer = { id: randomKey(), role: "assistant", content: "", state: "streaming", created_at: now, model: model?.id, sources: [], attachments: [] };
  temporaryMessages.value = [...temporaryMessages.value, question, answer];
  const messages = temporaryMessages.value.filter((entry) => entry.content).map(({ role, content: text }) => ({ role, content: text }));
  try {
    const body = { messages, model: model?.kind === "passages" ? undefined : model?.id };
    const { turn_id } = await post("/turns", body);
    temporaryTurn.value = turn_id;
    follow(turn_id, answer.id);
  } catch (error) {
    end(answer.id, { state: "failed", error: { code: error.code, error: error.message } });
  }
}

/** Stops the answer, keeping what came. */
export function stopTemporary() {
  const turn = temporaryTurn.value;
  if (!turn) return;
  post(`/turns/${turn}/cancel`).catch(() => {});
  const last = temporaryMessages.value.at(-1);
  if (last?.state === "streaming") end(last.id, { state: "cancelled" });
}

function follow(turnId, answerId) {
  source = new EventSource(turnEventsUrl(turnId));
  const listen = (name, then) => source.addEventListener(name, (event) => event.data && then(JSON.parse(event.data)));
  listen("sources", ({ items }) => change(answerId, () => ({ sources: items })));
  listen("chunk", ({ text }) => change(answerId, (old) => ({ content: old.content + text, status: null })));
  listen("reasoning", ({ text }) => change(answerId, (old) => ({ reasoning: (old.reasoning ?? "") + text })));
  listen("status", (status) => change(answerId, () => ({ status })));
  listen("signed_out", () => end(answerId, { state: "interrupted", error: { code: "interrupted", error: t("door.ended") } }));
  listen("complete", ({ message }) => end(answerId, { state: "complete", ...kept(message) }));
  listen("error", (error) => end(answerId, { state: "failed", error, ...kept(error.message) }));
}

// The server's message has an id of its own, which nothing can be asked about: ours stays.
function kept(message) {
  if (!message || typeof message !== "object") return {};
  const { id: _id, conversation_id: _conversation, ...rest } = message;
  return rest;
}

function end(id, facts) {
  source?.close();
  source = null;
  temporaryTurn.value = null;
  change(id, () => facts);
}

function change(id, edit) {
  temporaryMessages.value = temporaryMessages.value.map((entry) => (entry.id === id ? { ...entry, ...edit(entry) } : entry));
}
