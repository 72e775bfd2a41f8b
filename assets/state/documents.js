/**
 * The documents this browser knows, one signal each, and which of them are being read. Events of the feed come by
 * the thousand while files are read, so they are taken in once a frame. The list of the library is `shelf.js`.
 */
import { get } from "../lib/api.js";
import { keep, recall } from "../lib/storage.js";
import { batch, effect, signal } from "../vendor/signals.js";
import { on, onReturn } from "./connection.js";

const HIDDEN_PAUSE_MS = 250;
const FIRST_LOOK_MS = 2000;
const LOOK_PAGE = 200;

/** States in which a document is still being read. */
const BUSY = new Set(["queued", "extracting", "chunking", "embedding"]);

/** What can be read, as the server names it. */
export const KINDS = ["pdf", "docx", "odt", "rtf", "md", "txt", "html", "epub", "pptx", "xlsx", "csv", "json", "jsonl", "eml", "code"];

/** Every state of a document. */
export const STATES = ["queued", "extracting", "chunking", "embedding", "ready", "failed"];

/** Ids of the documents that are being read now. */
export const reading = signal(/** @type {Set<string>} */ (new Set()));

/** Whether there is any document: as this browser last knew, until somebody looks. */
export const anyDocument = signal(recall("anyDocument", false));

const known = new Map();
const watchers = [];
let waiting = [];
let scheduled = false;

/** The signal of a document; its value is null until known, `{missing: true}` when there is none. */
export function documentOf(id) {
  if (!known.has(id)) known.set(id, signal(null));
  return known.get(id);
}

/** What a document is called. */
export function titleOf(item) {
  return item.title || item.name;
}

/** Whether a document is still being read. */
export function isBusy(item) {
  return BUSY.has(item.state) && !item.deleted_at;
}

/** Takes in documents as the server gave them. */
export function accept(items) {
  take(items.map((item) => ({ change: "updated", document: item })));
}

/** Fetches a document that may not be known. */
export async function loadDocument(id) {
  try {
    accept([await get(`/documents/${id}`)]);
  } catch (error) {
    if (error.status === 404) documentOf(id).value = { id, missing: true };
    throw error;
  }
}

/** Makes sure that the names of documents are known. */
export function needDocuments(ids) {
  for (const id of ids) if (!documentOf(id).peek()) loadDocument(id).catch(() => {});
}

/** Documents whose names fit some words. */
export async function findDocuments(words, limit) {
  const { items } = await get("/documents", { query: words, limit });
  accept(items);
  return items;
}

/** Calls `then(ids)` when documents changed, once for many of them. */
export function onDocuments(then) {
  watchers.push(then);
}

/** Starts to follow the feed, and looks whether anything is being read. */
export function startDocuments() {
  on("document", (event) => {
    waiting.push(event);
    if (scheduled) return;
    scheduled = true;
    // A hidden tab draws no frames.
    if (document.hidden) setTimeout(flush, HIDDEN_PAUSE_MS);
    else requestAnimationFrame(flush);
  });
  effect(() => keep("anyDocument", anyDocument.value || null));
  // Nothing that one types waits for it.
  onReturn(({ first }) => setTimeout(lookWhatIsRead, first ? FIRST_LOOK_MS : 0));
}

function flush() {
  scheduled = false;
  const events = waiting;
  waiting = [];
  take(events);
}

/** The newest documents are the ones that may still be read. */
async function lookWhatIsRead() {
  try {
    const { items } = await get("/documents", { limit: LOOK_PAGE });
    batch(() => {
      reading.value = new Set();
      anyDocument.value = items.length > 0;
      accept(items);
    });
  } catch {
    // The next return of the feed looks again.
  }
}

function take(events) {
  batch(() => {
    const busy = new Set(reading.peek());
    const changed = new Set();
    let other = false;
    for (const { change, document: item } of events) {
      const gone = change === "purged";
      const was = documentOf(item.id).peek();
      if (!gone && was?.updated_at > item.updated_at) continue;
      documentOf(item.id).value = gone ? { id: item.id, missing: true } : item;
      changed.add(item.id);
      if (gone || !isBusy(item)) other = busy.delete(item.id) || other;
      else if (!busy.has(item.id)) other = Boolean(busy.add(item.id));
      if (!gone && !item.deleted_at) anyDocument.value = true;
    }
    if (other) reading.value = busy;
    for (const then of watchers) then(changed);
  });
}
