/** One message of the bus: what it says, how far it came, what it belongs to; and the sending of another. */
import { get, post, randomKey } from "../lib/api.js";

/**
 * @typedef {import("./bus-log.js").Message} Message
 * @typedef {{client_id: string, state: "stored"|"delivered"|"acknowledged"|"expired"|"timeout", attempts: number, stored_at: string,
 *   delivered_at: string|null, acknowledged_at: string|null, ended_at: string|null}} Delivery
 * @typedef {{message_id: string, seq: number, duplicate: boolean, recipients: Record<string, "online"|"away"|"unknown">}} Sent
 */

/** @returns {Promise<Message>} */
export function loadMessage(/** @type {string} */ id) {
  return get(`/messages/${id}`);
}

/** Its place in queues, and how far it came with each recipient. @returns {Promise<{priority: number, expires_at: string, recipients: Delivery[]}>} */
export function loadProgress(/** @type {string} */ id) {
  return get(`/messages/${id}/status`);
}

/** The messages that answer one another, oldest first. @returns {Promise<Message[]>} */
export async function loadThread(/** @type {string} */ id) {
  return (await get(`/messages/${id}/thread`)).messages;
}

/** Sends a message; its key makes sure that asking again after a lost connection does not send it twice. @returns {Promise<Sent>} */
export function sendMessage(/** @type {Record<string, any>} */ draft) {
  return post("/send", { id: randomKey(), ...draft });
}

/** Puts one message into the queue of a client again. */
export function deliverAgain(/** @type {string} */ client, /** @type {number} */ seq) {
  return post("/replay", { to: client, since_seq: seq - 1, until_seq: seq });
}

/** The words of a message: its text where it has one, else its payload in one line. */
export function wordsOf(/** @type {Message} */ { payload }) {
  const text = typeof payload === "string" ? payload : payload?.text;
  return typeof text === "string" && text ? text : JSON.stringify(payload);
}

/** Its recipients in words. */
export function recipientsOf(/** @type {Message} */ { to }) {
  return Array.isArray(to) ? to : [to];
}
