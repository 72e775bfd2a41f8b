/**
 * Search over everything: by words at each keystroke, and once more by meaning when the reader pauses. The answer
 * to the newest words is the only one shown.
 */
import { ask } from "../lib/api.js";
import { computed, effect, signal } from "../vendor/signals.js";

const TYPING_PAUSE_MS = 40;
const MEANING_PAUSE_MS = 250;
const LIMIT = 40;
const PAGE_LIMIT = 100;
const INSIDE_LIMIT = 60;

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

/** What was found, as `[group, items]`, without empty groups. */
export const grouped = computed(() =>
  /** @type {[string, any[]][]} */ (GROUPS.map(([name, kinds]) => [name, results.value.items.filter((item) => kinds.includes(item.kind))]).filter(([, items]) => items.length)),
);

let timer = 0;
let running = null;

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
    if (!words) {
      results.value = { state: "idle", words, items: [], took: null, meaning: false, error: null };
      return;
    }
    timer = setTimeout(async () => {
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

/** Passages of documents: of one, of a collection, or of all. */
export async function lookInside(words, filters, signal, limit = INSIDE_LIMIT) {
  const { items } = await ask("/search", { query: words, scope: "documents", limit, ...(Object.keys(filters).length && { filters }) }, signal);
  return items.filter((item) => item.kind === "passage");
}
