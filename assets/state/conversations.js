/**
 * The conversations this browser knows: one signal each, and the filtered list of the sidebar, fetched page by
 * page as it scrolls. Events of the feed keep both in step.
 */
import { get } from "../lib/api.js";
import { batch, effect, signal } from "../vendor/signals.js";
import { link, on, onReturn } from "./connection.js";
import { meanwhile, newest } from "./meanwhile.js";
import { visible } from "./unread.js";

const PAGE = 60;
const MOVED_PAUSE_MS = 300;
const ENDED_KEPT = 200;

/** @typedef {{view: "active"|"archived"|"trash", folder: string|null, tag: string|null}} Filter */

/** @type {import("../vendor/signals.js").Signal<Filter>} */
export const filter = signal({ view: "active", folder: null, tag: null });

/** Ids in the order of the sidebar, as far as fetched. */
export const listed = signal([]);

/** `loading` (the first page), `ready` or `failed`, and whether there is more below. */
export const listState = signal({ state: "loading", more: false, error: null });

/** Folders and tags with their counts. */
export const folders = signal([]);
export const tags = signal([]);

/** Whether there is any conversation at all (without a filter). */
export const anyConversation = signal(true);

const known = new Map();
const ended = new Set();
let cursor = null;
let fetching = null;
let generation = 0;
let labelTimer = 0;
const { heard, during } = meanwhile(apply);

/** The signal of a conversation; its value is null until known, `{missing: true}` when there is none. */
export function conversation(id) {
  if (!known.has(id)) known.set(id, signal(null));
  return known.get(id);
}

/** Takes in a conversation as the server gave it. */
export function accept(item) {
  // It may have been read before its answer ended, and come after the feed told of the end.
  const running = item.running_turns?.filter((/** @type {string} */ id) => !ended.has(id));
  if (running && running.length < item.running_turns.length) item = { ...item, running_turns: running };
  conversation(item.id).value = item;
  place(item);
  return item;
}

/** Fetches a conversation that may not be in the list. */
export async function loadConversation(id) {
  try {
    await during(async () => accept(await get(`/conversations/${id}`)));
  } catch (error) {
    if (error.status === 404) conversation(id).value = { id, missing: true };
    throw error;
  }
}

/** Shows other conversations in the sidebar. */
export function setFilter(next) {
  filter.value = next;
  return reloadList();
}

/** Fetches the list from its top. */
export async function reloadList() {
  generation += 1;
  cursor = null;
  fetching = null;
  if (!listed.value.length) listState.value = { state: "loading", more: false, error: null };
  await during(() => fetchPage(true));
}

/** Fetches the next page; harmless to call often. */
export function loadMore() {
  if (!listState.value.more || fetching) return fetching;
  return during(() => fetchPage(false));
}

async function fetchPage(fromTop) {
  const mine = generation;
  const { view, folder, tag } = filter.value;
  const query = { limit: PAGE, cursor: fromTop ? null : cursor, folder, tag };
  if (view === "archived") query.archived = true;
  if (view === "trash") query.trash = true;
  fetching = get("/conversations", query);
  try {
    const page = await fetching;
    if (mine !== generation) return;
    cursor = page.next_cursor;
    batch(() => {
      for (const item of page.items) conversation(item.id).value = item;
      const ids = page.items.map((item) => item.id);
      listed.value = fromTop ? ids : [...new Set([...listed.value, ...ids])];
      listState.value = { state: "ready", more: cursor !== null, error: null };
      if (view === "active" && !folder && !tag) anyConversation.value = listed.value.length > 0;
    });
  } catch (error) {
    if (mine === generation) listState.value = { state: "failed", more: false, error };
  } finally {
    if (mine === generation) fetching = null;
  }
}

const fetchLabels = newest(
  () => Promise.all([get("/folders"), get("/tags")]),
  ([folderList, tagList]) => {
    folders.value = folderList.items;
    tags.value = tagList.items;
  },
);

/** Fetches folders and tags, once for a burst of changes. */
export function loadLabels() {
  clearTimeout(labelTimer);
  labelTimer = setTimeout(async () => {
    try {
      await fetchLabels();
    } catch {
      // The sidebar shows the labels it has; the next change fetches them again.
    }
  }, MOVED_PAUSE_MS);
}

/** Takes conversations out of the list at once, before the server has answered. */
export function unlist(ids) {
  const gone = new Set(ids);
  listed.value = listed.value.filter((id) => !gone.has(id));
}

function apply({ change, conversation: item }) {
  if (change === "purged") {
    unlist([item.id]);
    conversation(item.id).value = { id: item.id, missing: true };
  } else if (item.created_at) {
    noteLabels(conversation(item.id).peek(), item);
    accept(item);
  } else {
    loadConversation(item.id).catch(() => {});
  }
}

/** Starts to follow the feed, and fetches the first page. */
export function startConversations() {
  on("conversation", heard);
  on("turn", ({ type, turn_id, conversation_id }) => {
    const running = { start: true, complete: false, error: false }[type];
    if (running === false) noteEnd(turn_id);
    const item = known.get(conversation_id)?.peek();
    if (running === undefined || !item?.running_turns) return;
    const others = item.running_turns.filter((id) => id !== turn_id);
    known.get(conversation_id).value = { ...item, running_turns: running ? [...others, turn_id] : others };
  });
  // Not before the feed is open: a change between the first list and the feed would be told by neither.
  onReturn(() => {
    reloadList();
    loadLabels();
    const id = visible.peek();
    if (id) loadConversation(id).catch(() => {});
  });
  // Without a feed the list is shown all the same.
  const stop = effect(() => {
    if (link.value === "connecting") return;
    queueMicrotask(() => stop());
    if (link.value === "down") reloadList();
  });
}

/** Whether a turn is over. A fast one may end before the answer to the question that began it arrives. */
export function hasEnded(turnId) {
  return ended.has(turnId);
}

function noteEnd(turnId) {
  ended.add(turnId);
  if (ended.size > ENDED_KEPT) ended.delete(ended.values().next().value);
}

function noteLabels(before, after) {
  const labels = (item) => JSON.stringify([item?.folder ?? null, item?.tags ?? [], item?.deleted_at ?? null]);
  if (labels(before) !== labels(after)) loadLabels();
}

function belongs(item) {
  const { view, folder, tag } = filter.value;
  if (Boolean(item.deleted_at) !== (view === "trash")) return false;
  if (view === "active" && item.archived) return false;
  if (view === "archived" && !item.archived) return false;
  return (!folder || item.folder === folder) && (!tag || item.tags.includes(tag));
}

function isBefore(one, other) {
  if (one.pinned !== other.pinned) return one.pinned;
  if (one.updated_at !== other.updated_at) return one.updated_at > other.updated_at;
  return one.id > other.id;
}

/** Puts a changed conversation where it belongs, without fetching the list again. */
function place(item) {
  if (listState.peek().state !== "ready") return;
  const ids = listed.peek();
  if (!belongs(item)) {
    if (ids.includes(item.id)) unlist([item.id]);
    return;
  }
  anyConversation.value = true;
  const others = ids.filter((id) => id !== item.id);
  let at = others.findIndex((id) => isBefore(item, known.get(id).peek()));
  if (at === -1) {
    // Below everything fetched: it will come with its page.
    if (listState.peek().more) return ids.includes(item.id) ? (listed.value = others) : null;
    at = others.length;
  }
  listed.value = [...others.slice(0, at), item.id, ...others.slice(at)];
}
