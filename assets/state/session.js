/**
 * Who uses this page, and what they may do. When the server says that nobody is signed in, by whichever way, the page
 * for the password stands before everything until somebody is; what was typed stays, and the rest goes on from there.
 */
import { ask, get, whenSignedOut } from "../lib/api.js";
import { go, route } from "../lib/router.js";
import { keep, onKept, recall } from "../lib/storage.js";
import { computed, signal } from "../vendor/signals.js";
import { on, onReturn, retryNow } from "./connection.js";

const PATIENCE_MS = 1500;

/**
 * @typedef {{id: string, name: string, role: "admin"|"member", has_password: boolean, disabled: boolean, created_at: string, last_seen_at: string|null}} User
 * @typedef {{signed_in: boolean, password_set: boolean, user: User|null, session: {id: string, expires_at: string}|null, may: string[], setup_needs_claim?: boolean}} Session
 */

/** What the server says of this page's user; null until it has answered. */
export const session = signal(/** @type {Session|null} */ (null));

/** Whether everything waits for a password. */
export const shut = computed(() => session.value?.signed_in === false);

/** Whether there is a password, so that one can sign out. */
export const hasPassword = computed(() => Boolean(session.value?.password_set && session.value.signed_in));

/** Whether the page is one that stands before all others. */
export const atDoor = computed(() => shut.value || route.value.name === "login" || route.value.name === "setup");

const newcomers = [];

/** For whom this page has fetched things. */
let whose = null;
let looking = null;

/** A change of the password on its way, and how often one signed in or changed it here. */
let changing = null;
let told = 0;

/** Whether the user may do things of a kind, such as `admin`. Until it is known, the server decides. */
export function may(/** @type {string} */ kind) {
  return session.value ? session.value.may.includes(kind) : true;
}

/** Calls `then` when somebody else signs in, whom nothing kept in this browser belongs to. */
export function onNewcomer(/** @type {() => void} */ then) {
  newcomers.push(then);
}

/** Asks who is here before the page is drawn; a slow answer does not hold it back for long. */
export function meet() {
  return Promise.race([look(), new Promise((done) => setTimeout(done, PATIENCE_MS))]);
}

/** Starts to notice that the session ended, and that another tab signed in or out. */
export function startSession() {
  whenSignedOut(look);
  on("signed_out", look);
  onKept("door", look);
  onReturn(() => session.peek() ?? look());
}

/** Signs in. @param {{username?: string, password: string}} who */
export async function signIn({ username, password }) {
  enter(await ask("/auth/login", username ? { username, password } : { password }), username ?? "");
}

/** Who a claim is for, and why. @returns {Promise<{user: User, purpose: "setup"|"invitation"|"reset", expires_at: string|null}>} */
export function readClaim(/** @type {string} */ claim) {
  return ask("/auth/claim", { claim });
}

/** Sets the password that a claim is good for, and signs in. @param {{claim: string, password: string, username?: string}} what */
export async function redeemClaim({ claim, password, username }) {
  const entered = await ask("/auth/password", { claim, new: password, ...(username && { username }) });
  enter(entered, entered.user?.name ?? "");
}

/** Sets another password; every other session and all tokens end. */
export async function changePassword(/** @type {string} */ current, /** @type {string} */ password) {
  changing = ask("/auth/password", { current, new: password });
  try {
    const next = await changing;
    told += 1;
    take(next);
  } finally {
    changing = null;
  }
  tellTabs();
}

/** Signs out, here or everywhere; a fresh page holds nothing of what was shown. */
export async function signOut(everywhere = false) {
  await ask("/auth/logout", { everywhere });
  tellTabs();
  location.replace("/login");
}

/** The name that signed in here last. */
export function rememberedName() {
  return recall("name", "");
}

/** Where one goes after signing in: where one was, or the start. */
export function wayBack() {
  const { name, path, query } = route.peek();
  const to = name === "login" ? (query.get("to") ?? "/") : path;
  // A path of this site and nothing else.
  return /^\/(?![/\\])/.test(to) && !/^\/(?:login|setup)\b/.test(to) ? to : "/";
}

async function look() {
  looking ??= find().finally(() => (looking = null));
  return looking;
}

/** Asks who is here. With another password comes another session: what is said of the one before it is no answer. */
async function find() {
  await changing?.catch(() => {});
  const before = told;
  const next = await get("/auth/session").catch(nobody);
  if (before !== told) await find();
  else if (next) take(next);
}

/** A session that ended may be answered with 401, too; anything else says nothing about who is here. */
function nobody(error) {
  return error.status === 401 ? { signed_in: false, password_set: true, user: null, session: null, may: [] } : null;
}

function take(/** @type {Session} */ next) {
  const user = next.user?.id ?? null;
  if (user && recall("person", user) !== user) for (const then of newcomers) then();
  if (user) keep("person", user);
  if (user && whose !== null && whose !== user) {
    // What is in memory is somebody else's.
    location.replace(wayBack());
    return;
  }
  whose ??= user;
  session.value = next;
  const { name, path } = route.peek();
  if (shut.peek()) {
    if (name !== "login" && name !== "setup") go(`/login?to=${encodeURIComponent(path)}`, true);
  } else if (name === "login") go(wayBack(), true);
  if (next.signed_in) retryNow();
}

function enter(next, name) {
  told += 1;
  keep("name", name);
  take(next);
  tellTabs();
}

/** Every tab looks again; a stamp, so that each time is a change. */
function tellTabs() {
  keep("door", Date.now());
}
