/**
 * The bus between agents, as this page follows it: the live feed says that something changed, and whoever shows
 * a part of it fetches that again. They take turns, at most four fetches a second, and none while nobody looks.
 */
import { get } from "../lib/api.js";
import { signal } from "../vendor/signals.js";
import { on, onReturn } from "./connection.js";

const GAP_MS = 250;
const PAGE = 200;

/** @typedef {{id: string, kind: "websocket"|"sse", since: string, address: string|null}} Connection */
/**
 * @typedef {{id: string, state: "online"|"away"|"unknown", connections: Connection[], waiting: number,
 *   counters: Record<string, number|null>, first_seen_at: string|null, last_seen_at: string|null}} Client
 */

/** Everybody who was ever seen; null until somebody looks. */
export const clients = signal(/** @type {Client[]|null} */ (null));

const followers = new Set();
let busy = false;

/** Fetches all clients. */
export async function loadClients() {
  const round = clientRound();
  while (await round());
}

/** Fetches them again, one page at a time; answers whether there is more. */
export function clientRound() {
  let cursor = null;
  let met = [];
  return async () => {
    const page = await get("/clients", { limit: PAGE, cursor });
    met.push(...page.items);
    cursor = page.next_cursor;
    const now = new Set(met.map(({ id }) => id));
    // Those of later pages stay as they were until their page is there.
    const rest = cursor ? (clients.peek() ?? []).filter(({ id }) => !now.has(id)) : [];
    clients.value = [...met, ...rest];
    if (!cursor) met = [];
    return cursor !== null;
  };
}

/** Fetches one client; null where nobody was ever seen under this id. @returns {Promise<Client|null>} */
export async function loadClient(/** @type {string} */ id) {
  try {
    return await get(`/clients/${id}`);
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
}

/**
 * Calls `run`, which fetches once, after something changed; answers the way to stop.
 * @param {() => Promise<any>} run what it answers with says whether it wants another turn @param {"bus"|"webhooks"} [what]
 */
export function followBus(run, what = "bus") {
  const entry = { run, what, due: false };
  followers.add(entry);
  return () => followers.delete(entry);
}

/** Starts to follow the feed. */
export function startBus() {
  on("bus", () => news("bus"));
  on("webhooks", () => news("webhooks"));
  onReturn(({ first }) => first || (news("bus"), news("webhooks")));
  document.addEventListener("visibilitychange", turn);
}

function news(what) {
  for (const entry of followers) entry.due ||= entry.what === what;
  turn();
}

async function turn() {
  if (busy || document.hidden) return;
  const entry = [...followers].find(({ due }) => due);
  if (!entry) return;
  // To the end of the row, so that everybody has a turn.
  followers.delete(entry);
  followers.add(entry);
  entry.due = false;
  busy = true;
  const start = performance.now();
  // What a failed fetch would have shown comes with the next news.
  if ((await entry.run().catch(() => {})) === true) entry.due = true;
  await new Promise((done) => setTimeout(done, Math.max(0, start + GAP_MS - performance.now())));
  busy = false;
  turn();
}
