/** Search over everything ever said: as the reader types, the answer to the newest words only. */
import { ask } from "../lib/api.js";
import { computed, effect, signal } from "../vendor/signals.js";

const TYPING_PAUSE_MS = 90;
const LIMIT = 30;

/** Whether the palette is open. */
export const paletteOpen = signal(false);

/** The words looked for. */
export const query = signal("");

/** What was found for `words`: `state` is `idle`, `busy`, `ready` or `failed`. */
export const results = signal({ state: "idle", words: "", items: [], took: null, error: null });

/** Results by kind, conversations first. */
export const grouped = computed(() => {
  const { items } = results.value;
  return {
    conversations: items.filter((item) => item.kind === "conversation"),
    messages: items.filter((item) => item.kind !== "conversation"),
  };
});

let timer = 0;
let running = null;

/** Opens the palette, with words or empty. */
export function openPalette(words = "") {
  query.value = words;
  paletteOpen.value = true;
}

/** Follows the words. */
export function startSearch() {
  effect(() => {
    const words = query.value.trim();
    clearTimeout(timer);
    running?.abort();
    if (!words) {
      results.value = { state: "idle", words, items: [], took: null, error: null };
      return;
    }
    timer = setTimeout(() => look(words), TYPING_PAUSE_MS);
  });
}

async function look(words) {
  running = new AbortController();
  results.value = { ...results.value, state: "busy" };
  try {
    const body = { query: words, scope: "conversations", limit: LIMIT };
    const { items, took_ms } = await ask("/search", body, running.signal);
    results.value = { state: "ready", words, items, took: took_ms, error: null };
  } catch (error) {
    if (error.name === "AbortError") return;
    results.value = { state: "failed", words, items: [], took: null, error };
  }
}
