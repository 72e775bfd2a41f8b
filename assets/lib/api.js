/**
 * The HTTP client: one place that knows the address, the error body and the retry of a write.
 * Only modules of `state/` import it. A write carries an `Idempotency-Key`, so that asking again after a
 * lost connection cannot do the thing twice.
 */

const BASE = "/api/v1";
const WRITE_ATTEMPTS = 3;
const RETRY_WAIT_MS = 700;

/** What went wrong, in the words of the server where it gave any. */
export class ApiError extends Error {
  /** @param {{message: string, code: string, status: number, details?: any, requestId?: string, retryAfter?: number}} facts */
  constructor(facts) {
    super(facts.message);
    this.name = "ApiError";
    this.code = facts.code;
    this.status = facts.status;
    this.details = facts.details ?? null;
    this.requestId = facts.requestId ?? null;
    this.retryAfter = facts.retryAfter ?? null;
    /** When it is worth asking again. @type {Date|null} */
    this.retryAt = this.retryAfter ? new Date(Date.now() + this.retryAfter * 1000) : null;
  }
}

/** Also 401, but of somebody who is about to sign in. */
const WRONG_PASSWORD = "wrong_password";

let signedOut = () => {};

/** Says who is told when a request was refused because nobody is signed in. */
export function whenSignedOut(/** @type {() => void} */ then) {
  signedOut = then;
}

/** Takes in a refusal, whichever way it came. */
export function refused(/** @type {ApiError} */ error) {
  if (error.status === 401 && error.code !== WRONG_PASSWORD) signedOut();
  return error;
}

/** A random id that also works on plain http, where `crypto.randomUUID` is absent. */
export function randomKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** @param {string} path @param {Record<string, any>} [query] @param {AbortSignal} [signal] abandons it */
export function get(path, query, signal) {
  return send("GET", path + queryText(query), undefined, { signal });
}

/** @param {string} path @param {any} [body] @param {{key?: string}} [options] */
export function post(path, body, options) {
  return write("POST", path, body, options);
}

/** @param {string} path @param {any} body */
export function patch(path, body) {
  return write("PATCH", path, body);
}

/** @param {string} path @param {any} body */
export function put(path, body) {
  return write("PUT", path, body);
}

/** @param {string} path @param {Record<string, any>} [query] */
export function remove(path, query) {
  return write("DELETE", path + queryText(query), undefined);
}

/** A read that posts, such as a search: nothing changes, so no key and no retry; `signal` abandons it. */
export function ask(path, body, signal) {
  return send("POST", path, body, { signal });
}

/** The bytes under a path. @returns {Promise<Uint8Array>} */
export async function bytes(path) {
  let response;
  try {
    response = await fetch(BASE + path);
  } catch {
    throw unreachable();
  }
  return response.ok ? new Uint8Array(await response.arrayBuffer()) : refuse(response);
}

/** The address of a path, for an image or a link. */
export function addressOf(path) {
  return BASE + path;
}

/** Where a stream of a turn is read from; `after`: the last event that is there already. */
export function turnEventsUrl(turnId, after = 0) {
  return `${BASE}/turns/${turnId}/events${after ? `?after=${after}` : ""}`;
}

function queryText(query) {
  const pairs = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return pairs.length ? `?${new URLSearchParams(pairs.map(([key, value]) => [key, String(value)]))}` : "";
}

async function write(method, path, body, options) {
  const key = options?.key ?? randomKey();
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await send(method, path, body, { key });
    } catch (error) {
      if (error.code !== "server_unreachable" || attempt === WRITE_ATTEMPTS) throw error;
      await new Promise((done) => setTimeout(done, RETRY_WAIT_MS * attempt));
    }
  }
}

async function send(method, path, body, options) {
  /** @type {Record<string, string>} */
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (options?.key) headers["Idempotency-Key"] = options.key;
  let response;
  try {
    response = await fetch(BASE + path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: options?.signal,
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw unreachable();
  }
  return response.ok ? answer(response) : refuse(response);
}

async function answer(response) {
  if (response.status === 204) return null;
  try {
    return await response.json();
  } catch {
    throw unreachable();
  }
}

function unreachable() {
  return new ApiError({ message: "", code: "server_unreachable", status: 0 });
}

/** @returns {Promise<never>} */
async function refuse(response) {
  const body = await response.json().catch(() => ({}));
  throw refused(new ApiError({
    message: body.error ?? `${response.status} ${response.statusText}`,
    code: body.code ?? `http_${response.status}`,
    status: response.status,
    details: body.details,
    requestId: body.request_id ?? response.headers.get("X-Request-ID"),
    retryAfter: body.retry_after,
  }));
}
