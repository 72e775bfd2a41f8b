/** Models and the providers they come from, the reader's favourites, and the model a new chat starts with. */
import { get, patch, post, remove } from "../lib/api.js";
import { keep, onKept, recall } from "../lib/storage.js";
import { t } from "../lib/text.js";
import { computed, effect, signal } from "../vendor/signals.js";
import { on, onReturn } from "./connection.js";
import { newest } from "./meanwhile.js";
import { removeLater } from "./removals.js";
import { may } from "./session.js";

const PATIENCE_MS = 2000;

/** The model that quotes passages when no other is there. */
export const PASSAGES = "passages/passages";

export const models = signal([]);
export const providers = signal([]);
export const found = signal([]);

/** Whether the models were fetched at least once. */
export const modelsLoaded = signal(false);

/** Ids of the models that stand first in the picker. */
export const favourites = signal(recall("favourites", []));

/** The model that the reader chose last, used for new chats. */
export const preferred = signal(recall("model", null));

const byId = computed(() => new Map(models.value.map((model) => [model.id, model])));

/** Whether anything but the passages answers. */
export const hasModel = computed(() => models.value.some((model) => model.kind !== "passages"));

/** The model with this id, or undefined. */
export function modelById(id) {
  return byId.value.get(id);
}

/** The model that answers next in a conversation (or in a new one): its own, the reader's, the first reachable. */
export function modelFor(conversation) {
  const wanted = modelById(conversation?.model) ?? modelById(preferred.value);
  if (wanted) return wanted;
  const able = models.value.filter((model) => model.kind !== "passages" && talks(model));
  return able.find((model) => model.reachable) ?? able[0] ?? modelById(PASSAGES);
}

/** The id to send along: nothing for the passages, so that a model added later takes over. */
export function modelIdToSend(conversation) {
  const model = modelFor(conversation);
  return model && model.kind !== "passages" ? model.id : undefined;
}

/** Whether a model answers questions: others only make embeddings, or rank texts. */
export function talks(model) {
  const { embeddings, reranking, vision, tools, reasoning } = model.capabilities ?? {};
  return Boolean(vision || tools || reasoning || !(embeddings || reranking));
}

/** Waits for the models, not for long: who asks as soon as the page is drawn means one of them. */
export function modelsThere() {
  return new Promise((done) => {
    setTimeout(done, PATIENCE_MS);
    const stop = effect(() => {
      if (!modelsLoaded.value) return;
      done(undefined);
      queueMicrotask(() => stop());
    });
  });
}

/** Remembers a model for new chats. */
export function prefer(id) {
  preferred.value = id;
  keep("model", id);
}

/** Puts a model among the favourites, or takes it out. */
export function toggleFavourite(id) {
  const next = favourites.value.includes(id) ? favourites.value.filter((entry) => entry !== id) : [...favourites.value, id];
  favourites.value = next;
  keep("favourites", next);
}

/** Fetches the models; `refresh` waits for every provider to be asked again. */
export const loadModels = newest(
  (refresh = false) => get("/models", refresh ? { refresh: true } : {}),
  ({ items }) => {
    models.value = items;
    modelsLoaded.value = true;
  },
);

/** Fetches the providers. */
export const loadProviders = newest(
  () => get("/providers"),
  ({ items }) => (providers.value = items),
);

/** Looks for model servers on this machine. */
export const loadFound = newest(
  () => get("/providers/found"),
  ({ items }) => (found.value = items),
);

/** Adds a provider, and shows what it brings. */
export async function addProvider(body) {
  const provider = await post("/providers", body);
  await reload();
  return provider;
}

/** Changes a provider. */
export async function changeProvider(id, body) {
  const provider = await patch(`/providers/${id}`, body);
  await reload();
  return provider;
}

/** Removes a provider and its key once its Undo has passed. A key could not be shown again. */
export function removeProvider({ id, name }) {
  removeLater({ id, text: t("providers.removed", { name }), run: () => remove(`/providers/${id}`).finally(reload) });
}

/** Asks a provider for its models, to see whether it works. */
export function testProvider(id) {
  return post(`/providers/${id}/test`);
}

/** Closes the breaker of a provider. */
export async function resetProvider(id) {
  const provider = await post(`/providers/${id}/reset`);
  await reload();
  return provider;
}

/** Starts to keep models and providers in step with the server. */
export function startModels() {
  const quietly = () => reload().catch(() => {});
  let starting = true;
  on("providers", quietly);
  onReturn(({ first }) => (first && (starting || modelsLoaded.value) ? null : quietly()));
  onKept("favourites", (value) => (favourites.value = value ?? []));
  quietly().finally(() => (starting = false));
}

async function reload() {
  await Promise.all([loadModels(), ...(may("admin") ? [loadProviders(), loadFound().catch(() => {})] : [])]);
}
