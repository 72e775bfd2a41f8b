/** Asking and everything that makes, changes or stops an answer. */
import { addressOf, bytes, get, patch, post, randomKey, remove } from "../lib/api.js";
import { toBase64 } from "../lib/files.js";
import { go, route } from "../lib/router.js";
import { t } from "../lib/text.js";
import { batch, signal } from "../vendor/signals.js";
import { showBeside } from "./compare.js";
import { accept, conversation, hasEnded, loadConversation } from "./conversations.js";
import { documentOf, loadDocument } from "./documents.js";
import { modelIdToSend, modelsThere } from "./models.js";
import { complain, toast } from "./notices.js";
import { messageOf, newThread, openThread, placeMessage, refetch, refetchSoon, setMessage } from "./threads.js";

/** Settings of the chat that the next question starts: `{folder, tags, system_prompt, options, model, document_ids}`. */
export const fresh = signal(/** @type {any} */ ({}));

/**
 * Asks. Without a conversation one is made first.
 * @param {string|null} id
 * @param {{content: string, attachments?: any[], documents?: string[], model?: string, compareWith?: string|null, key?: string, onBegun?: (id: string) => void}} question
 *   `onBegun`: hears of the conversation that was made, before the page goes there
 * @returns {Promise<boolean>} whether the server has it
 */
export async function ask(id, { content, attachments = [], documents = [], model, compareWith = null, key = randomKey(), onBegun = undefined }) {
  const { path } = route.peek();
  try {
    const target = id ?? (await begin(`${key}-new`));
    const body = { content };
    if (attachments.length) body.attachments = attachments.map(({ name, media_type, data }) => ({ name, media_type, data }));
    if (documents.length) body.documents = documents;
    if (!model) await modelsThere();
    // Whoever is quicker than the page is answered by the chat's own model all the same.
    if (id && !conversation(id).peek()) await loadConversation(id);
    const chosen = model ?? modelIdToSend(id ? conversation(id).peek() : fresh.peek());
    if (chosen) body.model = chosen;
    const started = await post(`/conversations/${target}/messages`, body, { key });
    took(target, started);
    // Whoever went elsewhere meanwhile stays there.
    if (!id && route.peek().path === path) {
      onBegun?.(target);
      go(`/c/${target}`, true);
    }
    if (compareWith) {
      showBeside(started.user_message.id);
      await again(target, started.assistant_message.id, compareWith);
    }
    return true;
  } catch (error) {
    complain(error);
    return false;
  }
}

async function begin(key) {
  const created = await post("/conversations", fresh.peek(), { key });
  newThread(created.id);
  accept(created);
  fresh.value = {};
  return created.id;
}

function took(id, { turn_id, user_message, assistant_message }) {
  const thread = openThread(id);
  batch(() => {
    if (user_message) placeMessage(thread, user_message);
    placeMessage(thread, { ...assistant_message, turn_id: assistant_message.turn_id ?? turn_id });
  });
  if (hasEnded(turn_id)) return refetchSoon(thread);
  const item = conversation(id).peek();
  if (item && !item.running_turns?.includes(turn_id)) {
    conversation(id).value = { ...item, running_turns: [...(item.running_turns ?? []), turn_id] };
  }
}

/** A question asked again in other words: a sibling of the first. */
export function askEdited(id, message, content) {
  return attempt(async () => {
    const body = { content, parent_id: message.parent_id };
    if (message.attachments?.length) body.attachments = await Promise.all(message.attachments.map((entry) => attachedAgain(id, message.id, entry)));
    if (message.document_ids?.length) body.documents = await stillThere(message.document_ids);
    const chosen = modelIdToSend(conversation(id).peek());
    if (chosen) body.model = chosen;
    took(id, await post(`/conversations/${id}/messages`, body));
    refetchSoon(openThread(id));
  });
}

/** The server takes no question that names a document which is gone. */
async function stillThere(ids) {
  await Promise.allSettled(ids.map(loadDocument));
  return ids.filter((id) => {
    const item = documentOf(id).peek();
    return item && !item.missing && !item.deleted_at;
  });
}

async function attachedAgain(id, messageId, { n, name, media_type }) {
  return { name, media_type, data: toBase64(await bytes(attachmentPath(id, messageId, n))) };
}

function attachmentPath(id, messageId, n) {
  return `/conversations/${id}/messages/${messageId}/attachments/${n}`;
}

/** Where the bytes of an attachment are. */
export function attachmentAddress(id, messageId, n) {
  return addressOf(attachmentPath(id, messageId, n));
}

/** Another answer to the same question, if wanted by another model. */
export function regenerate(id, messageId, model) {
  return attempt(() => again(id, messageId, model));
}

async function again(id, messageId, model) {
  const thread = openThread(id);
  took(id, await post(`/conversations/${id}/messages/${messageId}/regenerate`, model ? { model } : {}));
  await refetch(thread);
}

/** Goes on with an answer that broke off. */
export function goOn(id, messageId, model) {
  return attempt(async () => took(id, await post(`/conversations/${id}/messages/${messageId}/continue`, model ? { model } : {})));
}

/** Stops every answer that runs in a conversation. */
export function stop(id) {
  const running = conversation(id).peek()?.running_turns ?? [];
  return attempt(() => Promise.all(running.map((turn) => post(`/turns/${turn}/cancel`))));
}

/** Changes the words of an answer; what follows it stays, and the toast brings the earlier words back. */
export function amend(id, { id: messageId, content: before }, content, done = t("done.amended")) {
  const write = (words) => attempt(async () => setMessage(openThread(id), await patch(`/conversations/${id}/messages/${messageId}`, { content: words })));
  return write(content).then((written) => {
    // An answer cannot be made empty again.
    if (written && before) toast({ text: done, undo: () => write(before) });
    return written;
  });
}

/** Rates an answer. */
export function rate(id, messageId, rating, note) {
  const body = note === undefined ? { rating } : { rating, note };
  return attempt(async () => {
    const rated = await post(`/conversations/${id}/messages/${messageId}/feedback`, body);
    setMessage(openThread(id), rated);
  });
}

/** Deletes a message and what follows it; the toast puts them back. */
export function deleteMessage(id, messageId) {
  return attempt(async () => {
    await remove(`/conversations/${id}/messages/${messageId}`);
    await refetch(openThread(id));
    toast({ text: t("done.message_deleted"), undo: () => attempt(() => restoreMessage(id, messageId)) });
  });
}

async function restoreMessage(id, messageId) {
  await post(`/conversations/${id}/messages/${messageId}/restore`);
  await refetch(openThread(id));
}

/** Shows another branch, down to its newest message. */
export function select(id, messageId) {
  return attempt(async () => {
    accept(await post(`/conversations/${id}/select`, { message_id: messageId }));
    await refetch(openThread(id));
  });
}

/** Makes a new conversation of the path down to a message. */
export function branch(id, messageId) {
  return attempt(async () => {
    const made = accept(await post(`/conversations/${id}/branch`, { message_id: messageId }));
    go(`/c/${made.id}`);
    toast({ text: t("done.branched") });
  });
}

/** What exactly was sent for an answer. */
export function loadTurn(turnId) {
  return get(`/turns/${turnId}`);
}

/** Every message of a conversation in short, for the branches panel. */
export function loadTree(id) {
  return everyPage(`/conversations/${id}/tree`);
}

/** What an answer said before it was edited, the newest text first. */
export function loadRevisions(id, messageId) {
  return everyPage(`/conversations/${id}/messages/${messageId}/revisions`);
}

async function everyPage(path) {
  const items = [];
  let cursor = null;
  do {
    const page = await get(path, { limit: 200, cursor });
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return items;
}

/** The message under this id, as far as it is held. */
export function heldMessage(id, messageId) {
  return messageOf(openThread(id), messageId);
}

async function attempt(action) {
  try {
    await action();
    return true;
  } catch (error) {
    complain(error);
    return false;
  }
}
