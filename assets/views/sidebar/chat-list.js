/** The chats, grouped by when they were last spoken in. Ten thousand of them scroll: only what is seen is drawn. */
import { VirtualList } from "../../components/virtual-list.js";
import { route } from "../../lib/router.js";
import { t } from "../../lib/text.js";
import { period } from "../../lib/time.js";
import { conversation, filter, listed, listState, loadMore, reloadList } from "../../state/conversations.js";
import { reasonOf } from "../../state/notices.js";
import { html } from "../../vendor/html.js";
import { computed } from "../../vendor/signals.js";
import { ChatRow } from "./chat-row.js";

const NAMED = new Set(["today", "yesterday", "week"]);
const HEAD = "head:";
const MORE = "more:";
const rem = () => parseFloat(getComputedStyle(document.documentElement).fontSize);
const guess = (key) => (key.startsWith(HEAD) ? 2 : 2.25) * rem();

/** Rows and headings in order, as keys. */
const rows = computed(() => {
  const now = new Date();
  const keys = [];
  let group = null;
  for (const id of listed.value) {
    const item = conversation(id).peek();
    if (!item) continue;
    const next = filter.value.view === "trash" ? "trash" : item.pinned ? "pinned" : period(item.updated_at, now);
    if (next !== group) keys.push(HEAD + next);
    group = next;
    keys.push(id);
  }
  if (listState.value.more) keys.push(MORE);
  return keys;
});

/** The scrolling list with its loading, empty and failed states. */
export function ChatList() {
  const { state, error } = listState.value;
  if (state === "loading") return html`<${Waiting} />`;
  if (state === "failed") {
    return html`<div class="empty">
      <p>${reasonOf(error)}</p>
      <button type="button" class="button" onClick=${reloadList}>${t("action.retry")}</button>
    </div>`;
  }
  if (!rows.value.length) return html`<${Nothing} />`;
  return html`<${VirtualList} class="chat-list" keys=${rows.value} guess=${guess} row=${draw} fixed onEnd=${loadMore} />`;
}

function draw(key) {
  if (key === MORE) return html`<p class="hint chat-more">${t("list.more")}</p>`;
  if (!key.startsWith(HEAD)) return html`<${ChatRow} id=${key} current=${route.value.id === key} order=${listed} />`;
  const name = key.slice(HEAD.length);
  const known = NAMED.has(name) || name === "pinned" || name === "trash";
  return html`<h2 class="chat-group">${known ? t(`group.${name}`) : name}</h2>`;
}

function Waiting() {
  return html`<div class="chat-waiting" aria-hidden="true">${[70, 45, 60, 80, 52].map((width) => html`<span style=${{ inlineSize: `${width}%` }}></span>`)}</div>`;
}

function Nothing() {
  const { view, folder, tag } = filter.value;
  const words = folder || tag ? "list.none_here" : view === "trash" ? "list.trash_empty" : view === "archived" ? "list.archive_empty" : "list.none";
  return html`<p class="hint chat-none">${t(words)}</p>`;
}
