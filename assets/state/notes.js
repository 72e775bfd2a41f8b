/** Notes: facts to remember, seen and changed in the settings, kept by themselves from "Remember that ...". */
import { get, patch, post, remove } from "../lib/api.js";
import { t } from "../lib/text.js";
import { effect, signal, untracked } from "../vendor/signals.js";
import { on, onReturn } from "./connection.js";
import { meanwhile, newest } from "./meanwhile.js";
import { complain, toast } from "./notices.js";
import { visible } from "./unread.js";

const PAGE = 200;
const LATE_MS = 4000;

/** Notes, newest first; null until somebody looks. */
export const notes = signal(/** @type {any[]|null} */ (null));

let unsaid = null;
let asked = false;
const { heard, during } = meanwhile(apply);

const fetchNotes = newest(everything, (items) => (notes.value = items));

/** Fetches all notes. */
export function loadNotes() {
  asked = true;
  return during(fetchNotes);
}

async function everything() {
  const items = [];
  let cursor = null;
  do {
    const page = await get("/notes", { limit: PAGE, cursor });
    items.push(...page.items);
    cursor = page.next_cursor;
  } while (cursor);
  return items;
}

/** Writes a note down. */
export function addNote(text) {
  return post("/notes", { text }).then(take);
}

/** Changes a note. */
export function changeNote(id, text) {
  return patch(`/notes/${id}`, { text }).then(take);
}

/** Deletes a note, with Undo. */
export async function removeNote(id) {
  try {
    drop(id);
    await remove(`/notes/${id}`);
    toast({ text: t("note.removed"), undo: () => post(`/notes/${id}/restore`).then(take) });
  } catch (error) {
    complain(error);
    loadNotes().catch(() => {});
  }
}

/** Starts to follow the feed. */
export function startNotes() {
  on("note", (news) => {
    const { change, note } = news;
    heard(news);
    if (change !== "created" || !note.conversation_id) return;
    unsaid = note;
    tell();
    setTimeout(() => unsaid === note && (unsaid = null), LATE_MS);
  });
  // The first question of a chat makes its note before the chat is on screen.
  effect(() => {
    if (visible.value) untracked(tell);
  });
  onReturn(() => asked && loadNotes().catch(() => {}));
}

function apply({ change, note }) {
  if (change === "deleted" || change === "purged") drop(note.id);
  else take(note);
}

/** Only the tab that shows the chat says so. */
function tell() {
  if (!unsaid || unsaid.conversation_id !== visible.peek()) return;
  const { id, text } = unsaid;
  unsaid = null;
  toast({ text: t("note.saved", { text }), undo: () => remove(`/notes/${id}`) });
}

function take(note) {
  if (!notes.peek()) return;
  const others = notes.peek().filter((entry) => entry.id !== note.id);
  notes.value = [note, ...others].sort((one, two) => (one.created_at < two.created_at ? 1 : -1));
}

function drop(id) {
  if (notes.peek()) notes.value = notes.peek().filter((entry) => entry.id !== id);
}
