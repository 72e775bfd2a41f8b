/**
 * Answers as they are written: events of the feed, in order, onto the messages that are held. A hole in the
 * numbers fetches the message again; words are put together once a frame, however fast they come.
 */
import { plainText } from "../lib/markdown.js";
import { t } from "../lib/text.js";
import { batch } from "../vendor/signals.js";
import { on, onReturn } from "./connection.js";
import { log, say } from "./notices.js";
import { heldThread, heldThreads, messageOf, placeMessage, refetch, refetchSoon } from "./threads.js";
import { markUnread, visible } from "./unread.js";

const HELD_MAX = 4000;
const HIDDEN_FLUSH_MS = 250;
const LATE_MS = 1500;
const UNKNOWN_TRIES = 20;

/** @type {Map<string, any>} events by message, in the order they came, not yet applied */
const waiting = new Map();
/** Messages that no fetch brought: answers on branches that are not shown. */
const elsewhere = new Set();
let scheduled = false;

/** Starts to follow the feed. */
export function startTurns() {
  on("turn", take);
  on("message", ({ conversation_id, message }) => {
    const thread = heldThread(conversation_id);
    if (!thread) return;
    // What is on its way may have been read before this.
    if (thread.state.peek().state !== "ready") return refetchSoon(thread);
    placeMessage(thread, message);
    elsewhere.delete(message.id);
    // The feed is in order: what waits is older than a finished message, and in it.
    if (message.state !== "streaming") waiting.delete(message.id);
    else if (waiting.has(message.id)) schedule();
  });
  onReturn(() => {
    for (const thread of heldThreads()) refetch(thread);
  });
}

function take(event) {
  const ended = event.type === "complete" || event.type === "error";
  if (ended) markUnread(event.conversation_id);
  if (event.conversation_id === visible.peek()) announce(event);
  const thread = heldThread(event.conversation_id);
  if (!thread || elsewhere.has(event.message_id)) return;
  const events = waiting.get(event.message_id) ?? [];
  if (events.length < HELD_MAX) events.push(event);
  waiting.set(event.message_id, events);
  schedule();
}

function announce({ type, conversation_id, message_id }) {
  if (type === "start") say(t("turn.running"));
  if (type === "error") say(t("turn.failed"));
  if (type !== "complete") return;
  say(t("turn.done"));
  // The whole message, once it is whole: the feed's `message` event may come a moment later.
  setTimeout(() => {
    const message = heldThread(conversation_id) && messageOf(heldThread(conversation_id), message_id)?.peek();
    if (message) log(plainText(message.content));
  }, HIDDEN_FLUSH_MS);
}

function schedule() {
  if (scheduled) return;
  scheduled = true;
  // A hidden tab draws no frames.
  if (document.hidden) setTimeout(flush, HIDDEN_FLUSH_MS);
  else requestAnimationFrame(flush);
}

function flush() {
  scheduled = false;
  batch(() => {
    for (const [messageId, events] of waiting) {
      const thread = heldThread(events[0].conversation_id);
      if (!thread) waiting.delete(messageId);
      else applyAll(thread, messageId, events);
    }
  });
}

function applyAll(thread, messageId, events) {
  const held = messageOf(thread, messageId);
  if (!held) return missing(thread, messageId, events);
  const before = held.peek();
  let next = before;
  events.sort((one, two) => one.seq - two.seq);
  while (events.length) {
    const event = events[0];
    const other = event.turn_id !== next.turn_id;
    const due = other ? 1 : (next.turn_seq ?? 0) + 1;
    const over = next.state !== "streaming" && !(other && event.seq === 1);
    if (over || (!other && event.seq < due)) {
      events.shift();
    } else if (event.seq === due) {
      next = apply(next, events.shift());
    } else break;
  }
  if (next !== before) held.value = next;
  if (!events.length) waiting.delete(messageId);
  else refetchSoon(thread);
}

function missing(thread, messageId, events) {
  events.tries = (events.tries ?? 0) + 1;
  if (events.tries < UNKNOWN_TRIES) return refetchSoon(thread);
  waiting.delete(messageId);
  elsewhere.add(messageId);
}

/** @returns {any} the message after the event */
function apply(message, event) {
  const next = { ...message, turn_id: event.turn_id, turn_seq: event.seq };
  // A finished message has all of it already.
  const live = message.state === "streaming" || event.turn_id !== message.turn_id;
  if (!live) return next;
  switch (event.type) {
    case "start":
      return { ...next, state: "streaming", model: event.model ?? message.model, status: null, started: Date.now() };
    case "sources":
      return { ...next, sources: event.items };
    case "chunk":
      return { ...next, content: message.content + event.text, status: null };
    case "reasoning":
      return { ...next, reasoning: (message.reasoning ?? "") + event.text };
    case "tool_call":
      return { ...next, calls: withCall(message.calls ?? [], event.call), status: null };
    case "status":
      return { ...next, status: { text: event.text, code: event.code, attempt: event.attempt, of: event.of } };
    default:
      setTimeout(() => settleLate(event), LATE_MS);
      return next;
  }
}

function withCall(calls, call) {
  return calls.some(({ id }) => id === call.id) ? calls.map((known) => (known.id === call.id ? call : known)) : [...calls, call];
}

// The finished message comes with the feed's `message` event; this is for when that one was lost.
function settleLate({ conversation_id, message_id }) {
  const thread = heldThread(conversation_id);
  if (thread && messageOf(thread, message_id)?.peek().state === "streaming") refetch(thread);
}
