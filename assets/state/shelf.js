/** The list of the library: filtered by the server, fetched page by page as it scrolls, kept in step by the feed. */
import { get } from "../lib/api.js";
import { batch, signal } from "../vendor/signals.js";
import { onReturn } from "./connection.js";
import { accept, anyDocument, documentOf, onDocuments } from "./documents.js";
import { meanwhile } from "./meanwhile.js";

const PAGE = 100;

/** @typedef {{query: string, collection: string|null, kind: string|null, state: string|null, trash: boolean}} Filter */

/** @type {import("../vendor/signals.js").Signal<Filter|null>} null until the library is looked at */
export const filter = signal(null);

/** Ids in the order of the list, as far as fetched. */
export const listed = signal(/** @type {string[]} */ ([]));

/** `loading` (the first page), `ready` or `failed`, and whether there is more below. */
export const listState = signal({ state: "loading", more: false, error: null });

let cursor = null;
let fetching = null;
let generation = 0;
const { heard, during } = meanwhile(place);

/** Shows other documents. */
export function setFilter(/** @type {Filter} */ next) {
  if (JSON.stringify(next) === JSON.stringify(filter.peek())) return;
  const words = filter.peek() && next.query !== filter.peek().query;
  filter.value = next;
  // While words are typed the old list stays until the new one is there.
  if (!words) listed.value = [];
  reloadList();
}

/** Fetches the list from its top. */
export async function reloadList() {
  if (!filter.peek()) return;
  generation += 1;
  cursor = null;
  fetching = null;
  if (!listed.peek().length) listState.value = { state: "loading", more: false, error: null };
  await during(() => fetchPage(true));
}

/** Fetches the next page; harmless to call often. */
export function loadMore() {
  if (!listState.peek().more || fetching) return fetching;
  return during(() => fetchPage(false));
}

async function fetchPage(fromTop) {
  const mine = generation;
  const { trash, ...wanted } = filter.peek();
  fetching = get("/documents", { limit: PAGE, cursor: fromTop ? null : cursor, ...wanted, trash: trash || null });
  try {
    const page = await fetching;
    if (mine !== generation) return;
    cursor = page.next_cursor;
    batch(() => {
      listState.value = { state: "loading", more: false, error: null };
      accept(page.items);
      const ids = page.items.map((item) => item.id);
      listed.value = fromTop ? ids : [...new Set([...listed.peek(), ...ids])];
      listState.value = { state: "ready", more: cursor !== null, error: null };
      const everything = !trash && !Object.values(wanted).some(Boolean);
      if (everything) anyDocument.value = listed.value.length > 0;
    });
  } catch (error) {
    if (mine === generation) listState.value = { state: "failed", more: false, error };
  } finally {
    if (mine === generation) fetching = null;
  }
}

/** Takes documents out of the list at once, before the server has answered. */
export function unlist(ids) {
  const gone = new Set(ids);
  listed.value = listed.peek().filter((id) => !gone.has(id));
}

/** Starts to follow the documents. */
export function startShelf() {
  onDocuments((ids) => heard([...ids]));
  onReturn(() => reloadList());
}

function belongs(item) {
  const { query, collection, kind, state, trash } = filter.peek();
  if (item.missing || Boolean(item.deleted_at) !== trash) return false;
  if (collection && item.collection_id !== (collection === "none" ? null : collection)) return false;
  const called = `${item.name} ${item.title ?? ""}`.toLocaleLowerCase();
  if (!query.toLocaleLowerCase().split(/\s+/).every((word) => called.includes(word))) return false;
  return (!kind || item.kind === kind) && (!state || item.state === state);
}

/** Puts changed documents where they belong, without fetching the list again. */
function place(/** @type {string[]} */ ids) {
  if (listState.peek().state !== "ready" || !filter.peek()) return;
  const now = listed.peek();
  const there = new Set(now);
  const out = new Set(ids.filter((id) => there.has(id) && !belongs(documentOf(id).peek())));
  const rest = out.size ? now.filter((id) => !out.has(id)) : now;
  let fresh = ids.filter((id) => !there.has(id) && belongs(documentOf(id).peek()));
  // Below everything fetched: it will come with its page.
  if (listState.peek().more && rest.length) fresh = fresh.filter((id) => order(id, rest.at(-1)) < 0);
  if (fresh.length) listed.value = merge(rest, fresh.sort(order));
  else if (out.size) listed.value = rest;
}

function merge(list, fresh) {
  const next = [];
  let at = 0;
  for (const id of list) {
    while (at < fresh.length && order(fresh[at], id) < 0) next.push(fresh[at++]);
    next.push(id);
  }
  return next.concat(fresh.slice(at));
}

/** Newest first, as the server lists them. */
function order(one, other) {
  const [first, second] = [documentOf(one).peek(), documentOf(other).peek()];
  if (first.created_at !== second.created_at) return first.created_at > second.created_at ? -1 : 1;
  return one > other ? -1 : 1;
}
