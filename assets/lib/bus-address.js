/** The Agents page as an address: each part, each client, each message and each filter of the log can be reloaded and shared. */

/** @typedef {{from: string, to: string, type: string, text: string}} Filter */

const FIELDS = ["from", "to", "type", "text"];

/** The parts of the page besides the overview. */
export const PARTS = ["log", "send", "webhooks", "tokens", "connect"];

/** A client may have any id, also the name of a part, so it stands in a place of its own. */
export function clientPath(/** @type {string} */ id) {
  return `/agents/clients/${id}`;
}

/** @param {URLSearchParams} query @returns {Filter} */
export function filterOf(query) {
  const field = (name) => query.get(name)?.trim() ?? "";
  return { from: field("from"), to: field("to"), type: field("type"), text: field("text") };
}

/** The log, narrowed, with one message opened. @param {Partial<Filter>} filter @param {string|null} [message] */
export function logPath(filter = {}, message = null) {
  return withQuery(message ? `/agents/log/${message}` : "/agents/log", FIELDS.map((name) => [name, filter[name]]));
}

/** The form for a message, with what is known of it. @param {{to?: string, from?: string, reply_to?: string}} known */
export function sendPath(known) {
  return withQuery("/agents/send", Object.entries(known));
}

function withQuery(path, pairs) {
  const set = pairs.filter(([, value]) => value);
  return set.length ? `${path}?${new URLSearchParams(set)}` : path;
}
