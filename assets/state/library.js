/** What is done to documents: title, collection, read again, trash; each with its way back. */
import { addressOf, patch, post, remove } from "../lib/api.js";
import { go } from "../lib/router.js";
import { t } from "../lib/text.js";
import { signal } from "../vendor/signals.js";
import { fresh } from "./asking.js";
import { collectionName, loadCollections } from "./collections.js";
import { accept, documentOf } from "./documents.js";
import { complain, toast } from "./notices.js";
import { reloadList, unlist } from "./shelf.js";

const BULK_MAX = 200;

/** Ids marked in the library, and whether marking is on. */
export const marked = signal(/** @type {Set<string>} */ (new Set()));
export const marking = signal(false);

let lastMarked = null;

/** Where the original of a document is. */
export function originalAddress(id) {
  return addressOf(`/documents/${id}/content`);
}

/** Adds a text as a document; throws what the server says against it. */
export function addText({ text, name, collection }) {
  return add({ text, ...(name && { name }), ...(collection && { collection_id: collection }) });
}

/** Fetches a page of the web as a document. */
export function addUrl({ url, collection }) {
  return add({ url, ...(collection && { collection_id: collection }) });
}

async function add(body) {
  const { items } = await post("/documents", body);
  const [item] = items;
  if (item.error) throw { message: item.error.error, code: item.error.code };
  accept([item.document]);
  toast({ text: t(item.duplicate ? "library.already" : "library.added_one", { name: item.document.name }) });
}

/** Changes the title of a document, or its collection. */
export async function changeDocument(id, fields) {
  try {
    accept([await patch(`/documents/${id}`, fields)]);
  } catch (error) {
    complain(error);
  }
}

/** Moves documents into a collection (`null`: out of theirs), and offers the way back. */
export async function moveDocuments(ids, collection) {
  const before = new Map();
  for (const id of ids) {
    const was = documentOf(id).peek()?.collection_id ?? null;
    before.set(was, [...(before.get(was) ?? []), id]);
  }
  const name = collectionName(collection);
  const back = async () => {
    for (const [was, some] of before) await bulk(some, "move", { collection_id: was });
    settle();
  };
  await doing(ids, "move", { collection_id: collection }, { text: t(name ? "library.moved" : "library.moved_out", { n: ids.length, name: name ?? "" }), undo: back });
}

/** Puts documents into the trash, with Undo. */
export function trashDocuments(ids) {
  unlist(ids);
  const undo = async () => {
    await bulk(ids, "restore");
    settle();
  };
  return doing(ids, "delete", {}, { text: t("library.trashed", { n: ids.length }), undo });
}

/** Takes documents out of the trash. */
export function restoreDocuments(ids) {
  unlist(ids);
  return doing(ids, "restore", {}, { text: t("library.restored", { n: ids.length }) });
}

/** Reads the stored originals again. */
export function readAgain(ids) {
  return doing(ids, "reindex", {}, { text: t("library.read_again", { n: ids.length }) });
}

/** Deletes for good what is in the trash already. */
export async function purgeDocuments(ids) {
  unlist(ids);
  try {
    for (const id of ids) await remove(`/documents/${id}`, { forever: true });
  } catch (error) {
    complain(error);
  }
  settle();
}

/** Starts a chat that asks these documents alone. */
export function askAbout(ids) {
  fresh.value = { ...fresh.peek(), document_ids: ids };
  go("/");
}

async function doing(ids, action, extra, said) {
  try {
    await bulk(ids, action, extra);
    toast(said);
  } catch (error) {
    complain(error);
  }
  settle();
}

async function bulk(ids, action, extra = {}) {
  for (let start = 0; start < ids.length; start += BULK_MAX) {
    await post("/documents/bulk", { ids: ids.slice(start, start + BULK_MAX), action, ...extra });
  }
}

// The feed tells of each change too; this is for a feed that is down.
function settle() {
  stopMarking();
  reloadList();
  loadCollections();
}

/** Marks or unmarks a row; with `range`, everything between it and the last one marked. */
export function mark(id, order, range = false) {
  const next = new Set(marked.value);
  const from = order.indexOf(lastMarked);
  const to = order.indexOf(id);
  if (range && from !== -1) {
    for (const between of order.slice(Math.min(from, to), Math.max(from, to) + 1)) next.add(between);
  } else if (next.has(id)) next.delete(id);
  else next.add(id);
  lastMarked = id;
  marking.value = next.size > 0;
  marked.value = next;
}

/** Marks everything listed. */
export function markAll(order) {
  marking.value = true;
  marked.value = new Set(order);
}

/** Ends marking. */
export function stopMarking() {
  marking.value = false;
  marked.value = new Set();
  lastMarked = null;
}
