/**
 * How far messages came, for the rows of a list that are on screen: each is asked for once, a few at a time, and what
 * has not come to an end is asked for again after news of the bus, one a turn.
 */
import { signal } from "../vendor/signals.js";
import { followBus } from "./bus.js";
import { loadProgress } from "./bus-message.js";

const AT_ONCE = 3;
const MOST_KEPT = 2000;
const ENDS = new Set(["acknowledged", "expired", "timeout"]);

/** @type {Map<string, import("../vendor/signals.js").Signal<import("./bus-message.js").Delivery[]|null>>} */
const known = new Map();
/** How many rows show a message. */
const watched = new Map();
let wanted = [];
let asking = 0;
let stopFollowing = () => {};

/** The deliveries of a message; null until they are known. */
export function deliveriesOf(/** @type {string} */ id) {
  if (!known.has(id)) {
    if (known.size > MOST_KEPT) known.delete([...known.keys()].find((other) => !watched.has(other)) ?? "");
    known.set(id, signal(null));
  }
  return known.get(id);
}

/** Asks for them while somebody looks; answers the way to stop. */
export function watchDeliveries(/** @type {string} */ id) {
  if (!watched.size) stopFollowing = followBus(refreshOne);
  watched.set(id, (watched.get(id) ?? 0) + 1);
  if (!deliveriesOf(id).peek() && !wanted.includes(id)) wanted.push(id);
  pump();
  return () => {
    const rest = watched.get(id) - 1;
    if (rest) watched.set(id, rest);
    else watched.delete(id);
    wanted = wanted.filter((other) => watched.has(other));
    if (!watched.size) stopFollowing();
  };
}

function pump() {
  while (asking < AT_ONCE && wanted.length) {
    const id = wanted.shift();
    asking += 1;
    fetchOne(id).catch(() => {}).finally(() => {
      asking -= 1;
      pump();
    });
  }
}

async function fetchOne(id) {
  deliveriesOf(id).value = (await loadProgress(id)).recipients;
}

async function refreshOne() {
  const next = [...watched.keys()].find((id) => known.get(id)?.peek()?.some(({ state }) => !ENDS.has(state)));
  if (!next) return;
  // Behind the others, for the next turn.
  const rows = watched.get(next);
  watched.delete(next);
  watched.set(next, rows);
  await fetchOne(next);
}
