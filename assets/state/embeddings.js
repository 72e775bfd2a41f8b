/** What finds passages: the model that finds by meaning, how far a change of it is, and the re-ranker. */
import { get, put } from "../lib/api.js";
import { signal } from "../vendor/signals.js";
import { on, onReturn } from "./connection.js";
import { newest } from "./meanwhile.js";
import { may } from "./session.js";

const PAUSE_MS = 250;
const FIRST_LOOK_MS = 2000;

/** `{model, dimensions, vectors, waiting, next, choices}`; null until somebody looks. */
export const embeddings = signal(/** @type {any} */ (null));

/** `{model, error, choices}`; null until somebody looks. */
export const reranker = signal(/** @type {any} */ (null));

let timer = 0;

/** Fetches the state of the vectors. */
export const loadEmbeddings = newest(
  () => get("/embeddings"),
  (state) => (embeddings.value = state),
);

/** Chooses another model; the old vectors serve until the new ones are there. */
export async function chooseEmbeddings(model) {
  embeddings.value = await put("/embeddings", { model });
}

/** Fetches the state of the re-ranker. */
export const loadReranker = newest(
  () => get("/reranker"),
  (state) => (reranker.value = state),
);

/** Chooses a re-ranker by its id, or none. */
export async function chooseReranker(model) {
  reranker.value = await put("/reranker", { model });
}

/** Starts to follow the feed. */
export function startEmbeddings() {
  const again = () => {
    if (!embeddings.peek() || timer) return;
    timer = setTimeout(() => {
      timer = 0;
      loadEmbeddings().catch(() => {});
      if (reranker.peek()) loadReranker().catch(() => {});
    }, PAUSE_MS);
  };
  // A change that is under way when the page opens is followed; else nothing is, until somebody looks.
  const look = async () => {
    const state = await get("/embeddings");
    if (state.next) embeddings.value ??= state;
  };
  on("embeddings", again);
  onReturn(({ first }) => {
    again();
    if (first && may("admin")) setTimeout(() => look().catch(() => {}), FIRST_LOOK_MS);
  });
}
