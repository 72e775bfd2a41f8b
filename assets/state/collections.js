/** Collections of documents, and the folders of this machine that are kept in step. */
import { get, patch, post, remove } from "../lib/api.js";
import { t } from "../lib/text.js";
import { computed, signal } from "../vendor/signals.js";
import { on, onReturn } from "./connection.js";
import { onDocuments } from "./documents.js";
import { newest } from "./meanwhile.js";
import { complain } from "./notices.js";
import { leaving, removeLater } from "./removals.js";
import { may } from "./session.js";

const PAUSE_MS = 400;

const all = signal([]);
const folders = signal([]);

/** `{id, name, documents}` by name, without those that are on their way out. */
export const collections = computed(() => all.value.filter((entry) => !leaving.value.has(entry.id)));

/** Watched folders: `{id, path, state, error, documents, skipped, scanned_at}`. */
export const watched = computed(() => folders.value.filter((entry) => !leaving.value.has(entry.id)));

/** `loading`, `ready` or `failed`, of both lists. */
export const collectionsState = signal({ state: "idle", error: null });

let timer = 0;

/** The name of a collection, or null. */
export function collectionName(id) {
  return all.value.find((entry) => entry.id === id)?.name ?? null;
}

const loadBoth = newest(
  () => Promise.all([get("/collections"), may("admin") ? get("/folders/watched") : { items: [] }]),
  ([some, places]) => {
    all.value = some.items.toSorted((one, two) => one.name.localeCompare(two.name));
    folders.value = places.items;
  },
);

/** Fetches both lists. */
export async function loadCollections() {
  if (collectionsState.peek().state !== "ready") collectionsState.value = { state: "loading", error: null };
  try {
    await loadBoth();
    collectionsState.value = { state: "ready", error: null };
  } catch (error) {
    collectionsState.value = { state: "failed", error };
  }
}

/** Makes a collection; answers it, or null when that failed. */
export async function addCollection(name) {
  try {
    const made = await post("/collections", { name });
    await loadCollections();
    return made;
  } catch (error) {
    complain(error);
    return null;
  }
}

/** Gives a collection another name. */
export async function renameCollection(id, name) {
  try {
    await patch(`/collections/${id}`, { name });
    await loadCollections();
  } catch (error) {
    complain(error);
  }
}

/** Deletes a collection once its Undo has passed; its documents stay. */
export function removeCollection({ id, name }) {
  removeLater({ id, text: t("collection.removed", { name }), run: () => remove(`/collections/${id}`).finally(loadCollections) });
}

/** Starts to keep a folder in step; throws what the server says against it. */
export async function watchFolder(path, collection) {
  await post("/folders/watched", collection ? { path, collection_id: collection } : { path });
  await loadCollections();
}

/** Stops watching a folder once its Undo has passed; its documents stay unless `documents`. */
export function unwatchFolder({ id, path }, documents) {
  const text = t(documents ? "folder.removed_with" : "folder.removed", { path });
  removeLater({ id, text, run: () => remove(`/folders/watched/${id}`, documents ? { documents: true } : {}).finally(loadCollections) });
}

/** Looks at a folder again now. */
export async function scanFolder(id) {
  try {
    await post(`/folders/watched/${id}/scan`);
    await loadCollections();
  } catch (error) {
    complain(error);
  }
}

/** Starts to follow the feed; nothing is fetched before somebody looks. */
export function startCollections() {
  const again = () => {
    if (collectionsState.peek().state === "idle") return;
    clearTimeout(timer);
    timer = setTimeout(loadCollections, PAUSE_MS);
  };
  on("library", again);
  // How many documents a collection has changes with them.
  onDocuments(again);
  onReturn(again);
}
