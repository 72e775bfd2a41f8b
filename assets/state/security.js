/** Sessions, tokens, people, and the hosts that were contacted: fetched by whoever looks, changed here. */
import { ask, get, patch, remove } from "../lib/api.js";
import { signal } from "../vendor/signals.js";

const PAGE = 200;

/** Each is null until somebody looks. */
export const sessions = signal(/** @type {any[]|null} */ (null));
export const tokens = signal(/** @type {any[]|null} */ (null));
export const users = signal(/** @type {import("./session.js").User[]|null} */ (null));

/** `{items, offline}` */
export const outbound = signal(/** @type {any} */ (null));

/** Fetches where one is signed in. */
export async function loadSessions() {
  sessions.value = (await everything("/auth/sessions")).items;
}

/** Ends a session, wherever it is. */
export async function endSession(id) {
  await remove(`/auth/sessions/${id}`);
  sessions.value = without(sessions.peek(), id);
}

/** Fetches the tokens. */
export async function loadTokens() {
  tokens.value = (await everything("/auth/tokens")).items;
}

/** Makes a token; only this answer holds it. Asked once: a second answer would be a second token. */
export async function addToken(body) {
  const made = await ask("/auth/tokens", body);
  const { token: _token, ...rest } = made;
  tokens.value = [rest, ...(tokens.peek() ?? [])];
  return made;
}

/** Revokes a token. */
export async function revokeToken(id) {
  await remove(`/auth/tokens/${id}`);
  tokens.value = without(tokens.peek(), id);
}

/** Fetches everybody who may sign in. */
export async function loadUsers() {
  users.value = (await everything("/users")).items;
}

/** Invites somebody; only this answer holds the link. */
export async function invite(body) {
  const made = await ask("/users", body);
  place(made.user);
  return made;
}

/** A fresh link for somebody who lost the first, or the password. */
export async function freshLink(id) {
  const made = await ask(`/users/${id}/claim`);
  place(made.user);
  return made;
}

/** Changes somebody's name, role, or whether they may come in. */
export async function changeUser(id, body) {
  place(await patch(`/users/${id}`, body));
}

/** Deletes somebody who is disabled, with everything that is theirs. */
export async function deleteUser(id) {
  await remove(`/users/${id}`, { forever: true });
  users.value = without(users.peek(), id);
}

/** Fetches every host that was contacted. */
export async function loadOutbound() {
  outbound.value = await everything("/outbound");
}

/** All pages of a list, with what else the first one says. */
async function everything(path) {
  const first = await get(path, { limit: PAGE });
  const items = [...first.items];
  for (let cursor = first.next_cursor; cursor; ) {
    const page = await get(path, { limit: PAGE, cursor });
    items.push(...page.items);
    cursor = page.next_cursor;
  }
  return { ...first, items };
}

function place(user) {
  const now = users.peek() ?? [];
  const known = now.some((entry) => entry.id === user.id);
  users.value = known ? now.map((entry) => (entry.id === user.id ? user : entry)) : [...now, user];
}

function without(list, id) {
  return (list ?? []).filter((entry) => entry.id !== id);
}
