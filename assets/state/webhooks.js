/** Addresses that are told what happens on the bus: fetched by whoever looks, changed here. */
import { get, patch, post, remove } from "../lib/api.js";
import { t } from "../lib/text.js";
import { signal } from "../vendor/signals.js";
import { newest } from "./meanwhile.js";
import { removeLater } from "./removals.js";

const DEAD_SHOWN = 100;

/** What a webhook can be told of. */
export const EVENTS = ["message.sent", "message.failed", "client.connected", "client.disconnected", "rate_limit.hit", "system.started", "system.stopped"];

/**
 * @typedef {{id: string, url: string, events: string[], enabled: boolean, created_at: string, last_status?: number|null, last_error?: string|null,
 *   waiting: number, dead: number, lost?: number, secret?: string}} Webhook
 */

/** Null until somebody looks. */
export const webhooks = signal(/** @type {Webhook[]|null} */ (null));

/** Fetches the webhooks. */
export const loadWebhooks = newest(
  () => get("/webhooks"),
  ({ items }) => (webhooks.value = items),
);

/** Adds one; only this answer holds its secret. @returns {Promise<Webhook>} */
export async function addWebhook(body) {
  const made = await post("/webhooks", body);
  const { secret: _secret, ...rest } = made;
  place(rest);
  return made;
}

/** Gives one another secret; only this answer holds it. @returns {Promise<Webhook>} */
export async function changeSecret(id) {
  const made = await post(`/webhooks/${id}/secret`);
  const { secret: _secret, ...rest } = made;
  place(rest);
  return made;
}

/** Changes one. */
export async function changeWebhook(id, body) {
  place(await patch(`/webhooks/${id}`, body));
}

/** Deletes one once its Undo has passed: its secret could not be shown again. */
export function removeWebhook({ id, url }) {
  removeLater({ id, text: t("hooks.removed", { url }), run: () => remove(`/webhooks/${id}`).finally(loadWebhooks) });
}

/** Sends it a test; answers with what came of it. */
export function testWebhook(id) {
  return post(`/webhooks/${id}/test`);
}

/** What it was not told in spite of every attempt. */
export async function loadDead(id) {
  return (await get(`/webhooks/${id}/deliveries`, { state: "dead", limit: DEAD_SHOWN })).items;
}

/** Tries once more to tell it. */
export function resend(id) {
  return post(`/webhooks/deliveries/${id}/resend`);
}

function place(hook) {
  const now = webhooks.peek() ?? [];
  const known = now.some((entry) => entry.id === hook.id);
  webhooks.value = known ? now.map((entry) => (entry.id === hook.id ? hook : entry)) : [...now, hook];
}
