/**
 * The messages of conversations as far as fetched: the active path, newest page first, older pages on demand.
 * Every message has a signal of its own, so that a word that streams in draws one message again and nothing else.
 */
import { get, post } from "../lib/api.js";
import { batch, signal } from "../vendor/signals.js";

const PAGE = 50;
const SEEK_PAGE = 200;
const KEPT_THREADS = 12;
const REFETCH_PAUSE_MS = 150;

/**
 * @typedef {object} Thread
 * @property {string} id
 * @property {import("../vendor/signals.js").Signal<string[]>} path ids, oldest first
 * @property {import("../vendor/signals.js").Signal<{state: "loading"|"ready"|"failed", more: boolean, error: any}>} state
 * @property {Map<string, import("../vendor/signals.js").Signal<any>>} messages
 * @property {string|null} cursor
 * @property {number} asked how often the newest page was asked for
 * @property {number} shown which of these answers is shown
 * @property {number} told how often a message was put in place from elsewhere
 */

/** @type {Map<string, Thread>} */
const threads = new Map();
const timers = new Map();

/** The thread of a conversation, fetched when it is new. */
export function openThread(id) {
  const thread = threads.get(id) ?? makeThread(id);
  threads.delete(id);
  threads.set(id, thread);
  if (threads.size > KEPT_THREADS) threads.delete(threads.keys().next().value);
  return thread;
}

/** The thread if it is held, else undefined. */
export function heldThread(id) {
  return threads.get(id);
}

/** Every thread that is held. */
export function heldThreads() {
  return [...threads.values()];
}

/** An empty thread for a conversation that was made this moment: nothing to fetch. */
export function newThread(id) {
  const thread = blank(id, "ready");
  threads.set(id, thread);
  return thread;
}

function blank(id, state) {
  return { id, path: signal([]), state: signal({ state, more: false, error: null }), messages: new Map(), cursor: null, older: null, asked: 0, shown: 0, told: 0 };
}

function makeThread(id) {
  const thread = blank(id, "loading");
  refetch(thread);
  return thread;
}

/** Fetches the newest page again, and keeps the older ones where they still join. */
export async function refetch(thread) {
  const [asked, told] = [++thread.asked, thread.told];
  try {
    const page = await get(`/conversations/${thread.id}/messages`, { limit: PAGE });
    // A later one was quicker, or a message came that may be newer than this page.
    if (asked < thread.shown) return;
    if (told !== thread.told) return refetch(thread);
    thread.shown = asked;
    batch(() => {
      page.items.forEach((message) => setMessage(thread, message));
      const ids = page.items.map((message) => message.id);
      const joint = page.items.length ? thread.path.peek().indexOf(page.items[0].parent_id) : -1;
      if (joint === -1) thread.cursor = page.next_cursor;
      thread.path.value = joint === -1 ? ids : [...thread.path.peek().slice(0, joint + 1), ...ids];
      thread.state.value = { state: "ready", more: thread.cursor !== null, error: null };
    });
  } catch (error) {
    if (thread.state.peek().state !== "ready") thread.state.value = { state: "failed", more: false, error };
  }
}

/** Fetches again soon, once for a burst of reasons. */
export function refetchSoon(thread) {
  if (timers.has(thread.id)) return;
  const run = () => {
    timers.delete(thread.id);
    refetch(thread);
  };
  timers.set(thread.id, setTimeout(run, REFETCH_PAUSE_MS));
}

/** Fetches the page above; harmless to call often. */
export function loadOlder(thread, limit = PAGE) {
  if (thread.cursor === null) return Promise.resolve();
  thread.older ??= fetchOlder(thread, limit).finally(() => (thread.older = null));
  return thread.older;
}

async function fetchOlder(thread, limit) {
  const before = thread.path.peek()[0];
  const page = await get(`/conversations/${thread.id}/messages`, { limit, cursor: thread.cursor });
  if (thread.path.peek()[0] !== before) return;
  batch(() => {
    page.items.forEach((message) => setMessage(thread, message));
    thread.cursor = page.next_cursor;
    thread.path.value = [...page.items.map((message) => message.id), ...thread.path.peek()];
    thread.state.value = { state: "ready", more: thread.cursor !== null, error: null };
  });
}

/** Brings a message onto the path that is shown, switching branches when it is on another. */
export async function seek(thread, messageId) {
  if (await reach(thread, messageId)) return true;
  await post(`/conversations/${thread.id}/select`, { message_id: messageId });
  thread.path.value = [];
  thread.cursor = null;
  await refetch(thread);
  return reach(thread, messageId);
}

async function reach(thread, messageId) {
  while (!thread.path.peek().includes(messageId)) {
    if (thread.cursor === null) return false;
    await loadOlder(thread, SEEK_PAGE);
  }
  return true;
}

/** The signal of a message that is held, or undefined. */
export function messageOf(thread, id) {
  return thread.messages.get(id);
}

/** Takes in a message; of a text that streams, the longer one stays. */
export function setMessage(thread, message) {
  const held = thread.messages.get(message.id);
  if (!held) {
    thread.messages.set(message.id, signal(message));
    return;
  }
  const now = held.peek();
  const same = message.state === "streaming" && now.turn_id === message.turn_id;
  const behind = same && (now.state !== "streaming" || (message.turn_seq ?? 0) < (now.turn_seq ?? 0));
  if (!behind) held.value = message;
}

/** Puts a new or changed message where it belongs on the path. */
export function placeMessage(thread, message) {
  const path = thread.path.peek();
  const was = thread.messages.get(message.id)?.peek();
  thread.told += 1;
  batch(() => {
    setMessage(thread, message);
    if (message.deleted_at) {
      if (path.includes(message.id)) refetchSoon(thread);
      return;
    }
    if (path.includes(message.id)) return;
    const at = message.parent_id === null ? -1 : path.indexOf(message.parent_id);
    // Known but off the path: it only changed on its own branch.
    if ((at === -1 && message.parent_id !== null) || was) return was?.deleted_at ? refetchSoon(thread) : null;
    if (at < path.length - 1) refetchSoon(thread);
    thread.path.value = [...path.slice(0, at + 1), message.id];
  });
}
