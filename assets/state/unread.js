/** Conversations whose answer finished while the reader was elsewhere. Shared by all tabs of this browser. */
import { keep, onKept, recall } from "../lib/storage.js";
import { signal } from "../vendor/signals.js";
import { onNewcomer } from "./session.js";

/** @type {import("../vendor/signals.js").Signal<Set<string>>} */
export const unread = signal(new Set(recall("unread", [])));

/** The conversation on screen, or null. */
export const visible = signal(null);

/** Marks a conversation, unless it is being looked at. */
export function markUnread(id) {
  if (visible.value === id && !document.hidden) return;
  change((set) => set.add(id));
}

/** Notes that a conversation is on screen. */
export function show(id) {
  visible.value = id;
  if (id) markRead(id);
}

function markRead(id) {
  if (unread.value.has(id)) change((set) => set.delete(id));
}

function change(edit) {
  const next = new Set(unread.value);
  edit(next);
  unread.value = next;
  keep("unread", next.size ? [...next] : null);
}

/** Follows the other tabs, and the reader's return to this one. */
export function startUnread() {
  onNewcomer(() => change((set) => set.clear()));
  onKept("unread", (value) => {
    unread.value = new Set(value ?? []);
    // Another tab cannot know that this one shows it.
    if (!document.hidden && visible.value) markRead(visible.value);
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden && visible.value) markRead(visible.value);
  });
}
