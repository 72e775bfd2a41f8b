/**
 * The live feed turned into calls: who is interested says so with `on`, and who shows something that a gap in
 * the feed may have made stale says so with `onReturn`.
 */
import { openFeed } from "../lib/live.js";
import { signal } from "../vendor/signals.js";

/** @type {import("../vendor/signals.js").Signal<"connecting"|"open"|"down"|"signed_out">} */
export const link = signal("connecting");

/** Whether the server said that it is going away on purpose. */
export const stopping = signal(false);

const handlers = new Map();
const returns = [];
let instance = null;
let feed = null;

/** Calls `then(data)` for each event of this name. */
export function on(event, then) {
  if (!handlers.has(event)) handlers.set(event, []);
  handlers.get(event).push(then);
}

/** Calls `then({first})` when the feed (re)opens: what happened in between was not told. */
export function onReturn(then) {
  returns.push(then);
}

/** Opens the feed. Called once, when every module has said what it listens to. */
export function startConnection() {
  feed = openFeed(dispatch, (state) => {
    const before = link.value;
    link.value = state;
    if (state === "signed_out") dispatch("signed_out", {});
    if (state !== "open" || before === "open") return;
    stopping.value = false;
    for (const then of returns) then({ first: before === "connecting" });
  });
  addEventListener("online", retryNow);
  document.addEventListener("visibilitychange", () => document.hidden || retryNow());
}

/** Tries again at once instead of at the end of the wait. */
export function retryNow() {
  if (link.value === "down" || link.value === "signed_out") feed?.retry();
}

function dispatch(event, data) {
  if (event === "server_shutdown") stopping.value = true;
  if (event === "resync") for (const then of returns) then({ first: false });
  if (event === "hello") {
    // Another instance means another executable: its own page fits it better than ours.
    if (instance !== null && instance !== data.version) location.reload();
    instance = data.version;
  }
  for (const then of handlers.get(event) ?? []) then(data);
}
