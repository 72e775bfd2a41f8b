/** What is done to whole conversations: rename, pin, file, archive, delete; each with its way back. */
import { patch, post, remove } from "../lib/api.js";
import { go } from "../lib/router.js";
import { t } from "../lib/text.js";
import { signal } from "../vendor/signals.js";
import { accept, conversation, loadLabels, reloadList, unlist } from "./conversations.js";
import { complain, toast } from "./notices.js";
import { visible } from "./unread.js";

const BULK_MAX = 200;
const OPPOSITE = { delete: "restore", restore: "delete", archive: "unarchive", unarchive: "archive", pin: "unpin", unpin: "pin", tag: "untag", untag: "tag" };
const LEAVES_LIST = new Set(["delete", "restore", "archive", "unarchive"]);

/** Ids marked in the sidebar, and whether marking is on. */
export const marked = signal(new Set());
export const marking = signal(false);

let lastMarked = null;

/** Changes fields of a conversation. */
export async function changeConversation(id, fields) {
  try {
    accept(await patch(`/conversations/${id}`, fields));
    return true;
  } catch (error) {
    complain(error);
    return false;
  }
}

/**
 * Does one thing to many conversations, and offers the way back.
 * @param {string[]} ids
 * @param {string} action as the bulk route names it
 * @param {{tag?: string, folder?: string|null}} [extra]
 */
export async function act(ids, action, extra = {}) {
  const before = ids.map((id) => ({ id, folder: conversation(id).peek()?.folder ?? null }));
  if (LEAVES_LIST.has(action)) unlist(ids);
  if (action === "delete" && ids.includes(visible.value)) go("/");
  try {
    await bulk(ids, action, extra);
  } catch (error) {
    complain(error);
    reloadList();
    return;
  }
  settle();
  toast({ text: t(`done.${action}`, { n: ids.length, ...extra, folder: extra.folder ?? t("folder.none") }), undo: () => takeBack(action, before, extra) });
}

async function takeBack(action, before, extra) {
  try {
    if (action === "move") await moveBack(before);
    else await bulk(before.map((entry) => entry.id), OPPOSITE[action], extra);
    settle();
  } catch (error) {
    complain(error);
  }
}

async function moveBack(before) {
  const folders = new Map();
  for (const { id, folder } of before) folders.set(folder, [...(folders.get(folder) ?? []), id]);
  for (const [folder, ids] of folders) await bulk(ids, "move", { folder });
}

async function bulk(ids, action, extra) {
  for (let start = 0; start < ids.length; start += BULK_MAX) {
    await post("/conversations/bulk", { ids: ids.slice(start, start + BULK_MAX), action, ...extra });
  }
}

/** Deletes for good what is in the trash already. */
export async function purge(ids) {
  try {
    for (const id of ids) await remove(`/conversations/${id}`, { forever: true });
  } catch (error) {
    complain(error);
  }
  settle();
}

// The feed tells of each change too; this is for a feed that is down.
function settle() {
  marked.value = new Set();
  marking.value = false;
  reloadList();
  loadLabels();
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
  marking.value = true;
  marked.value = next;
}

/** Marks everything listed. */
export function markAll(order) {
  marked.value = new Set(order);
}

/** Ends marking. */
export function stopMarking() {
  marking.value = false;
  marked.value = new Set();
  lastMarked = null;
}
