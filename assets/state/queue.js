/**
 * Questions typed while an answer is still being written. Each waits in the tab that typed it, survives a
 * reload, and goes out when the conversation is quiet; its key makes sure that it goes out once.
 */
import { randomKey } from "../lib/api.js";
import { t } from "../lib/text.js";
import { effect, signal } from "../vendor/signals.js";
import { ask } from "./asking.js";
import { conversation } from "./conversations.js";
import { draftOf, keepDraft } from "./drafts.js";
import { toast } from "./notices.js";
import { onNewcomer, shut } from "./session.js";

const STORE = "inglenook.queue";

/** @typedef {{key: string, conversation: string, content: string, attachments: any[], documents: string[], held?: boolean}} Waiting */

/** @type {import("../vendor/signals.js").Signal<Waiting[]>} */
export const queue = signal(read());

let sending = null;

/** Lets a question wait for its turn. */
export function enqueue(id, { content, attachments = [], documents = [] }) {
  change([...queue.value, { key: randomKey(), conversation: id, content, attachments, documents }]);
}

/** Takes a waiting question out; its words go back to the composer when that is empty, and the toast puts it back whole. */
export function unqueue(key) {
  const at = queue.value.findIndex((waiting) => waiting.key === key);
  if (at === -1) return;
  const entry = queue.value[at];
  const { conversation: id, content } = entry;
  const behind = new Set(queue.value.slice(at + 1).map((waiting) => waiting.key));
  if (!draftOf(id)) keepDraft(id, content);
  change(queue.value.toSpliced(at, 1));
  const undo = () => {
    if (draftOf(id) === content) keepDraft(id, "");
    const place = queue.value.findIndex((waiting) => behind.has(waiting.key));
    change(queue.value.toSpliced(place === -1 ? queue.value.length : place, 0, entry));
  };
  toast({ text: t("queue.removed"), undo });
}

/** Sends a question now that was held back after a stop or a failure. */
export function release(id) {
  change(queue.value.map((entry) => (entry.conversation === id ? { ...entry, held: false } : entry)));
}

/** After Stop nothing goes out by itself. */
export function hold(id) {
  change(queue.value.map((entry) => (entry.conversation === id ? { ...entry, held: true } : entry)));
}

/** Starts to send what waits. */
export function startQueue() {
  onNewcomer(() => change([]));
  effect(() => {
    // Read also while one is being sent: an effect hears only of what it read the last time.
    const next = queue.value.find((entry) => !entry.held && isQuiet(entry.conversation));
    if (!shut.value && !sending && next) send(next);
  });
}

function isQuiet(id) {
  const item = conversation(id).value;
  return Boolean(item) && !item.missing && !item.running_turns?.length;
}

async function send(entry) {
  sending = entry.key;
  const taken = await ask(entry.conversation, entry);
  sending = null;
  if (taken) change(queue.value.filter((waiting) => waiting.key !== entry.key));
  else hold(entry.conversation);
}

function change(next) {
  queue.value = next;
  try {
    sessionStorage.setItem(STORE, JSON.stringify(next));
  } catch {
    // Too large to keep over a reload: it still goes out from this page.
  }
}

function read() {
  try {
    return JSON.parse(sessionStorage.getItem(STORE) ?? "[]");
  } catch {
    return [];
  }
}
