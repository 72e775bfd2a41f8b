/**
 * Search over everything: by words at each keystroke, and once more by meaning when the reader pauses. The answer
 * to the newest words is the only one shown.
 */
import { ask, get } from "../lib/api.js";
import { marked } from "../lib/marked.js";
import { computed, effect, signal } from "../vendor/signals.js";
import { recipientsOf, wordsOf } from "./bus-message.js";
import { may } from "./session.js";

const TYPING_PAUSE_MS = 40;
const MEANING_PAUSE_MS = 250;
const LIMIT = 40;
const PAGE_LIMIT = 100;
const INSIDE_LIMIT = 60;
// Messages of agents come whole, and may be long.
const AGENTS_LIMIT = 8;
const AGENTS_PAGE_LIMIT = 30;

/** Whether the palette is open. */
export const paletteOpen = signal(false);

/** The words looked for. */
export const query = signal("");

/** What the page narrows the search to; the palette looks everywhere. @type {import("../vendor/signals.js").Signal<any>} */
export const narrowed = signal(null);

/** What was found for `words`: `state` is `idle`, `busy`, `ready` or `failed`. */
export const results = signal({ state: "idle", words: "", items: [], took: null, meaning: false, error: null });

/** The groups in the order they are shown, each with the kinds of hits in it. @type {[string, string[]][]} */
const GROUPS = [
  ["conversations", ["conversation"]],
  ["documents", ["document", "passage"]],
  ["messages", ["message"]],
  ["notes", ["note"]],
];

/** What agents told each other, found beside the rest. */
const told = signal(/** @type {any[]} */ ([]));

/** What was found, as `[group, items]`, without empty groups. */
export const grouped = computed(() => {
  /** @type {[string, any[]][]} */
  const groups = GROUPS.map(([name, kinds]) => [name, results.value.items.filter((item) => kinds.includes(item.kind))]);
  return [...groups, /** @type {[string, any[]]} */ (["agents", told.value])].filter(([, items]) => items.length);
});

let timer = 0;
let running = null;
let runningBeside = null;

/** Opens the palette, with words or empty. */
export function openPalette(words = "") {
  query.value = words;
  narrowed.value = null;
  paletteOpen.value = true;
}

/** Follows the words and what they are narrowed to. */
export function startSearch() {
  effect(() => {
    const words = query.value.trim();
    const filters = narrowed.value;
    clearTimeout(timer);
    running?.abort();
    runningBeside?.abort();
    if (!words) {
      told.value = [];
      results.value = { state: "idle", words, items: [], took: null, meaning: false, error: null };
      return;
    }
    timer = setTimeout(async () => {
      lookAtAgents(words, filters);
      await look(words, filters, false);
      if (words !== query.peek().trim() || filters !== narrowed.peek()) return;
      timer = setTimeout(() => look(words, filters, true), MEANING_PAUSE_MS - TYPING_PAUSE_MS);
    }, TYPING_PAUSE_MS);
  });
}

async function look(words, filters, meaning) {
  const { scope = "all", ...rest } = filters ?? {};
  running = new AbortController();
  // Hits by words are there already while those by meaning are looked for.
  if (!meaning) results.value = { ...results.peek(), state: "busy" };
  try {
    const body = { query: words, scope, limit: filters ? PAGE_LIMIT : LIMIT, meaning };
    if (Object.keys(rest).length) body.filters = rest;
    const answer = await ask("/search", body, running.signal);
    results.value = { state: "ready", words, items: answer.items, took: answer.took_ms, meaning: answer.meaning, error: null };
  } catch (error) {
    if (error.name === "AbortError" || (meaning && results.peek().state === "ready")) return;
    results.value = { state: "failed", words, items: [], took: null, meaning: false, error };
  }
}

/** Searches the bus, which has a search of its own: by words, newest first. What narrows documents leaves it out. */
async function lookAtAgents(words, filters) {
  const { scope = "all", from, to, ...others } = filters ?? {};
  if (scope !== "all" || Object.keys(others).length || !may("bus")) return void (told.value = []);
  runningBeside = new AbortController();
  try {
    const { results: found } = await get("/search", { q: words, limit: filters ? AGENTS_PAGE_LIMIT : AGENTS_LIMIT }, runningBeside.signal);
    told.value = found.filter(({ timestamp }) => (!from || timestamp >= from) && (!to || timestamp < to)).map((message) => hitOf(message, words));
  } catch (error) {
    // The other search says what is wrong.
    if (error.name !== "AbortError") told.value = [];
  }
}

function hitOf(message, words) {
  const { id, from, timestamp: created_at } = message;
  return { kind: "agents", id, title: `${from} → ${recipientsOf(message).join(", ")}`, snippet: marked(wordsOf(message), words), created_at };
}

/** Passages of documents: of one, of a collection, or of all. */
export async function lookInside(words, filters, signal, limit = INSIDE_LIMIT) {
  const { items } = await ask("/search", { query: words, scope: "documents", limit, ...(Object.keys(filters).length && { filters }) }, signal);
  return items.filter((item) => item.kind === "passage");
}
