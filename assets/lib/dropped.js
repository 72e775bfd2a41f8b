/** What was dropped on the page: files, and the files inside folders. */

const MOST_FILES = 20_000;

/** Whether a drag carries files (and not a link or a word of the page). */
export function carriesFiles(event) {
  return Boolean(event.dataTransfer?.types.includes("Files"));
}

/**
 * The files of a drop. Must be called while the event is handled: the browser forgets the rest afterwards.
 * @param {DataTransfer} transfer
 * @returns {Promise<File[]>}
 */
export async function filesOf(transfer) {
  const entries = [...transfer.items].filter((item) => item.kind === "file").map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile());
  const files = [];
  for (const entry of entries) if (entry) await collect(entry, files);
  return files;
}

async function collect(entry, files) {
  if (files.length >= MOST_FILES || entry.name.startsWith(".")) return;
  if (entry instanceof File) files.push(entry);
  else if (entry.isFile) files.push(await new Promise((done, failed) => entry.file(done, failed)));
  else if (entry.isDirectory) for (const inner of await listed(entry)) await collect(inner, files);
}

/** Everything in a folder; browsers hand it out in portions. */
async function listed(folder) {
  const reader = folder.createReader();
  const all = [];
  for (;;) {
    const some = await new Promise((done, failed) => reader.readEntries(done, failed));
    if (!some.length) return all;
    all.push(...some);
  }
}
