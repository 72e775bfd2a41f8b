/** A temporary chat: it lives in this page only, and the server keeps nothing of it. */
import { get, post, randomKey, turnEventsUrl } from "../lib/api.js";
import { t } from "../lib/text.js";
import { signal } from "../vendor/signals.js";
import { modelById, modelFor } from "./models.js";
import { reasonOf } from "./notices.js";
import { closePanel } from "./panel.js";

const RETRY_MS = 1000;

/** @type {import("../vendor/signals.js").Signal<any[]>} messages in the shape of the server's */
export const temporaryMessages = signal([]);

/** The turn that runs, or null. */
export const temporaryTurn = signal(null);

let source = null;

/** The message under this id, as long as there is one. */
export function temporaryMessage(id) {
  return temporaryMessages.value.find((entry) => entry.id === id);
}

/** Forgets everything, and stops what runs. */
export function clearTemporary() {
  stopTemporary();
  temporaryMessages.value = [];
  closePanel();
}

/** Asks; the whole talk so far travels along, since the server has none of it. */
export function askTemporary(content) {
  add({ role: "user", content, state: "complete" });
  return answer(modelFor(null));
}

/** Whether the question of an answer can be asked again: nothing may follow it. */
export function mayRepeat(id) {
  return temporaryMessages.value.at(-1)?.id === id;
}

/** Another answer in place of the last one, if wanted by another model. */
export function repeatTemporary(id, model) {
  temporaryMessages.value = temporaryMessages.value.filter((entry) => entry.id !== id);
  return answer(model ? modelById(model) : modelFor(null));
}

async function answer(model) {
  const messages = temporaryMessages.value.filter((entry) => entry.content).map(({ role, content }) => ({ role, content }));
  const id = add({ role: "assistant", content: "", state: "streaming", model: model?.id });
  try {
    const { turn_id } = await post("/turns", { messages, model: model?.kind === "passages" ? undefined : model?.id });
    // Forgotten before it began.
    if (!temporaryMessage(id)) return cancel(turn_id);
    temporaryTurn.value = turn_id;
    follow(turn_id, id);
  } catch (error) {
    if (temporaryMessage(id)) end(id, { state: "failed", error: { code: error.code, error: reasonOf(error) } });
  }
}

function add(message) {
  const id = randomKey();
  temporaryMessages.value = [...temporaryMessages.value, { id, created_at: new Date().toISOString(), attachments: [], sources: [], ...message }];
  return id;
}

/** Stops the answer, keeping what came. */
export function stopTemporary() {
  const turn = temporaryTurn.value;
  if (!turn) return;
  cancel(turn);
  end(temporaryMessages.value.at(-1)?.id, { state: "cancelled" });
}

function cancel(turn) {
  post(`/turns/${turn}/cancel`).catch(() => {});
}

function follow(turnId, answerId, after = 0) {
  const stream = new EventSource(turnEventsUrl(turnId, after));
  source = stream;
  let seen = after;
  const listen = (name, then) =>
    stream.addEventListener(name, (event) => {
      if (!event.data) return;
      seen = Number(event.lastEventId) || seen;
      then(JSON.parse(event.data));
    });
  listen("sources", ({ items }) => change(answerId, () => ({ sources: items })));
  listen("chunk", ({ text }) => change(answerId, (old) => ({ content: old.content + text, status: null })));
  listen("reasoning", ({ text }) => change(answerId, (old) => ({ reasoning: (old.reasoning ?? "") + text })));
  listen("status", (status) => change(answerId, () => ({ status })));
  listen("signed_out", () => breakOff(answerId, t("door.ended")));
  listen("complete", ({ message }) => end(answerId, { state: "complete", ...kept(message) }));
  listen("error", (error) => end(answerId, { state: "failed", error, ...kept(error.message) }));
  // The browser tries again by itself until the server refuses; it does not tell why it was refused.
  stream.onerror = (/** @type {any} */ event) => {
    if (event.data || source !== stream || stream.readyState !== EventSource.CLOSED) return;
    setTimeout(async () => {
      const { status } = await get(`/turns/${turnId}`).catch((error) => error);
      if (source !== stream) return;
      if (status === 401) breakOff(answerId, t("door.ended"));
      else if (status === 404) breakOff(answerId, t("answer.interrupted"));
      else follow(turnId, answerId, seen);
    }, RETRY_MS);
  };
}

function breakOff(answerId, reason) {
  end(answerId, { state: "interrupted", error: { code: "interrupted", error: reason } });
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
