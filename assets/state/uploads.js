/**
 * Files on their way into the library. Small files travel together, two requests run at once, and a file that is
 * refused keeps its place with the reason until it is tried again or dismissed.
 */
import { randomKey } from "../lib/api.js";
import { t } from "../lib/text.js";
import { upload } from "../lib/upload.js";
import { batch, computed, signal } from "../vendor/signals.js";
import { accept } from "./documents.js";
import { reasonOf, toast } from "./notices.js";

const AT_ONCE = 2;
const TOGETHER_FILES = 20;
const TOGETHER_BYTES = 4_000_000;
const TRIES = 5;
const RETRY_MS = 800;

/**
 * @typedef {{kind: "waiting"|"sending"|"failed", share: number, reason: string|null}} State
 * @typedef {{id: string, name: string, size: number, file: File, collection: string|null, alone: boolean,
 *   state: import("../vendor/signals.js").Signal<State>}} Upload
 */

/** Everything that waits, travels or was refused; what arrived leaves. @type {import("../vendor/signals.js").Signal<Upload[]>} */
export const uploads = signal([]);

/** Of the batch since all was last quiet: how many files, how many are through, bytes and bytes sent. */
export const sent = signal({ files: 0, done: 0, duplicates: 0, bytes: 0, sentBytes: 0 });

/** Whether anything is still to be sent. */
export const uploading = computed(() => uploads.value.some((entry) => entry.state.value.kind !== "failed"));

/** The refused ones. */
export const refused = computed(() => uploads.value.filter((entry) => entry.state.value.kind === "failed"));

const flights = new Map();

/** Adds files, into a collection if one is given. */
export function addFiles(files, collection = null) {
  const entries = [...files].map((file) => ({
    id: randomKey(),
    name: file.name,
    size: file.size,
    file,
    collection,
    alone: false,
    state: signal(/** @type {State} */ ({ kind: "waiting", share: 0, reason: null })),
  }));
  if (!entries.length) return;
  batch(() => {
    const quiet = !uploading.peek();
    const before = quiet ? { files: 0, done: 0, duplicates: 0, bytes: 0, sentBytes: 0 } : sent.peek();
    sent.value = { ...before, files: before.files + entries.length, bytes: before.bytes + entries.reduce((sum, entry) => sum + entry.size, 0) };
    uploads.value = [...uploads.peek(), ...entries];
  });
  pump();
}

/** Asks before the page is left while files are on their way. */
export function startUploads() {
  addEventListener("beforeunload", (event) => {
    if (uploading.peek()) event.preventDefault();
  });
}

/** Takes a file out, stopping it when it travels alone. */
export function cancelUpload(id) {
  const flight = flights.get(id);
  if (flight?.entries.length === 1) flight.stop.abort();
  leave([id]);
}

/** Takes everything out that is not through. */
export function cancelUploads() {
  for (const flight of new Set(flights.values())) flight.stop.abort();
  leave(uploads.peek().filter((entry) => entry.state.peek().kind !== "failed").map((entry) => entry.id));
  sent.value = { files: 0, done: 0, duplicates: 0, bytes: 0, sentBytes: 0 };
}

/** Sends a refused file once more. */
export function retryUpload(id) {
  const entry = uploads.peek().find((one) => one.id === id);
  if (!entry) return;
  entry.alone = true;
  entry.state.value = { kind: "waiting", share: 0, reason: null };
  sent.value = { ...sent.peek(), files: sent.peek().files + 1, bytes: sent.peek().bytes + entry.size };
  pump();
}

/** Forgets the refused files. */
export function dismissRefused() {
  leave(refused.peek().map((entry) => entry.id));
}

function leave(ids) {
  const gone = new Set(ids);
  uploads.value = uploads.peek().filter((entry) => !gone.has(entry.id));
}

function pump() {
  while (new Set(flights.values()).size < AT_ONCE) {
    const entries = nextLoad();
    if (!entries.length) return;
    send(entries);
  }
}

/** The files of the next request: one large file, or several small ones for the same collection. */
function nextLoad() {
  const load = [];
  let bytes = 0;
  for (const entry of uploads.peek()) {
    if (entry.state.peek().kind !== "waiting" || flights.has(entry.id)) continue;
    const [first] = load;
    if (first && (entry.alone || first.alone || entry.collection !== first.collection || bytes + entry.size > TOGETHER_BYTES)) break;
    load.push(entry);
    bytes += entry.size;
    if (load.length === TOGETHER_FILES || entry.alone) break;
  }
  return load;
}

async function send(entries) {
  const flight = { entries, stop: new AbortController(), sent: 0 };
  for (const entry of entries) flights.set(entry.id, flight);
  const key = randomKey();
  try {
    for (let tries = 1; ; tries += 1) {
      try {
        settle(entries, await attempt(flight, key));
        break;
      } catch (error) {
        const passing = error.code === "server_unreachable" || error.status === 429 || error.status === 503;
        if (!passing || tries === TRIES) throw error;
        await new Promise((done) => setTimeout(done, error.retryAfter ? error.retryAfter * 1000 : RETRY_MS * tries));
        if (flight.stop.signal.aborted) throw new DOMException("", "AbortError");
      }
    }
  } catch (error) {
    count({ sentBytes: -flight.sent });
    if (error.name !== "AbortError") broken(entries, error);
  }
  for (const entry of entries) flights.delete(entry.id);
  pump();
  if (!uploading.peek() && sent.peek().files) {
    const { done, duplicates } = sent.peek();
    sent.value = { files: 0, done: 0, duplicates: 0, bytes: 0, sentBytes: 0 };
    const words = [done > duplicates && t("library.added", { n: done - duplicates }), duplicates > 0 && t("library.duplicates", { n: duplicates })];
    if (done) toast({ text: words.filter(Boolean).join(". ") });
  }
}

function attempt(flight, key) {
  const { entries, stop } = flight;
  const form = new FormData();
  if (entries[0].collection) form.append("collection", entries[0].collection);
  for (const entry of entries) form.append("file", entry.file, entry.name);
  const size = entries.reduce((sum, entry) => sum + entry.size, 0);
  const onProgress = (now, total) => {
    // The parts stand one after the other; what the form itself adds is shared out.
    let left = total ? (now / total) * size : 0;
    batch(() => {
      count({ sentBytes: left - flight.sent });
      flight.sent = left;
      for (const { state, size: own } of entries) {
        state.value = { kind: "sending", share: own ? Math.min(1, Math.max(0, left / own)) : 1, reason: null };
        left -= own;
      }
    });
  };
  onProgress(0, 0);
  return upload("/documents", form, { key, signal: stop.signal, onProgress });
}

function settle(entries, { items }) {
  batch(() => {
    const through = [];
    entries.forEach((entry, index) => {
      const item = items[index];
      if (item?.document) through.push(entry.id);
      else entry.state.value = { kind: "failed", share: 0, reason: reasonOf(item?.error ? { ...item.error, message: item.error.error } : null) };
    });
    accept(items.filter((item) => item.document).map((item) => item.document));
    count({ done: through.length, duplicates: items.filter((item) => item.duplicate).length });
    leave(through);
  });
}

/** A whole request that was refused says nothing about each file: several are tried again one by one. */
function broken(entries, error) {
  batch(() => {
    for (const entry of entries) {
      const again = entries.length > 1 && error.code !== "server_unreachable";
      entry.alone = again;
      entry.state.value = again ? { kind: "waiting", share: 0, reason: null } : { kind: "failed", share: 0, reason: reasonOf(error) };
    }
  });
}

function count(more) {
  const now = { ...sent.peek() };
  for (const [name, value] of Object.entries(more)) now[name] = Math.max(0, now[name] + value);
  sent.value = now;
}
