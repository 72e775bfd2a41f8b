/** Tools that models may call: the servers that the owner lists, what a chat uses, and what a person allows. */
import { get, patch, post, remove } from "../lib/api.js";
import { t } from "../lib/text.js";
import { signal } from "../vendor/signals.js";
import { on, onReturn } from "./connection.js";
import { newest } from "./meanwhile.js";
import { removeLater } from "./removals.js";

/** Null until somebody looks. */
export const toolServers = signal(/** @type {any[]|null} */ (null));

/** Grows whenever the servers, or what is known of them, changed. */
export const toolNews = signal(0);

let following = false;

/** Fetches the servers, and keeps them fresh from then on. */
export const loadToolServers = newest(
  () => get("/tool-servers"),
  ({ items }) => (toolServers.value = items),
);

/** Follows what changes. */
export function startTools() {
  if (following) return;
  following = true;
  const news = () => {
    toolNews.value += 1;
    if (toolServers.peek()) loadToolServers().catch(() => {});
  };
  on("tool_servers", news);
  onReturn(news);
}

/** Adds a server. */
export async function addToolServer(body) {
  const made = await post("/tool-servers", body);
  await loadToolServers();
  return made;
}

/** Changes one. */
export async function changeToolServer(id, body) {
  await patch(`/tool-servers/${id}`, body);
  await loadToolServers();
}

/** Removes one once its Undo has passed: what it was given to keep secret could not be shown again. */
export function removeToolServer({ id, name }) {
  removeLater({ id, text: t("tools.removed", { name }), run: () => remove(`/tool-servers/${id}`).finally(loadToolServers) });
}

/** Connects to one anew; answers with what came of it. */
export function testToolServer(id) {
  return post(`/tool-servers/${id}/test`);
}

/** What a chat, or a new one, may choose from, and what it uses. @param {string|null} conversation */
export async function loadChoices(conversation) {
  return (await get(conversation ? `/conversations/${conversation}/tools` : "/tools")).items;
}

/** Takes back what was allowed for a whole chat. */
export function forbidAll(conversation) {
  return remove(`/conversations/${conversation}/tools/allowed`);
}

/** Says whether a call may be made: `once`, `always` or `no`. */
export function decide(turn, call, decision) {
  return post(`/turns/${turn}/calls/${call}`, { decision });
}
