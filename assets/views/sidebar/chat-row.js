/** One chat in the sidebar: its title, whether it runs or waits to be read, and its menu. */
import { Icon } from "../../components/icon.js";
import { Menu } from "../../components/menu.js";
import { t } from "../../lib/text.js";
import { exact } from "../../lib/time.js";
import { conversation } from "../../state/conversations.js";
import { act, changeConversation, mark, marked, marking } from "../../state/keeping.js";
import { unread } from "../../state/unread.js";
import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { purgeItem } from "./purge.js";
import { askFolder, askTag } from "./label-dialog.js";

/** @param {{id: string, current: boolean, order: {value: string[]}}} props */
export function ChatRow({ id, current, order }) {
  const item = conversation(id).value;
  const [renaming, setRenaming] = useState(false);
  if (!item) return null;
  if (renaming) return html`<${Rename} item=${item} onDone=${() => setRenaming(false)} />`;
  const title = titleOf(item);
  const isMarked = marked.value.has(id);
  const onClick = (event) => {
    if (!marking.value && !event.shiftKey) return;
    event.preventDefault();
    mark(id, order.value, event.shiftKey);
  };
  return html`<div class=${`chat-row ${current ? "current" : ""} ${isMarked ? "marked" : ""}`}>
    ${marking.value && html`<input type="checkbox" checked=${isMarked} aria-label=${t("bulk.mark", { title })} onClick=${(event) => mark(id, order.value, event.shiftKey)} />`}
    <a href=${`/c/${id}`} aria-current=${current ? "page" : undefined} title=${`${title}\n${exact(item.updated_at)}`} onClick=${onClick} onDblClick=${() => !item.deleted_at && setRenaming(true)}>
      <span class="cut">${title}</span>
      <${Sign} item=${item} />
    </a>
    ${!marking.value && html`<${Menu} label=${t("row.menu", { title })} items=${() => itemsFor(item, () => setRenaming(true), order.value)} />`}
  </div>`;
}

/** The title, or words for a chat that has none yet. */
export function titleOf(item) {
  return item.title || item.last_message?.text || t("chat.untitled");
}

function Sign({ item }) {
  if (item.running_turns?.length) return html`<span class="spinner" role="img" aria-label=${t("row.running")}></span>`;
  if (unread.value.has(item.id)) return html`<span class="unread" role="img" aria-label=${t("row.unread")}></span>`;
  return null;
}

function itemsFor(item, rename, order) {
  const { id } = item;
  if (item.deleted_at) {
    return [{ label: t("action.restore"), icon: "restore", onSelect: () => act([id], "restore") }, purgeItem([id])];
  }
  return [
    { label: t("action.rename"), icon: "edit", onSelect: rename },
    { label: t(item.pinned ? "action.unpin" : "action.pin"), icon: "pin", onSelect: () => act([id], item.pinned ? "unpin" : "pin") },
    { label: t("action.move"), icon: "folder", onSelect: () => askFolder([id], item.folder) },
    { label: t("action.tag"), icon: "tag", onSelect: () => askTag([id]) },
    { label: t("action.mark"), icon: "check", onSelect: () => mark(id, order) },
    { label: t(item.archived ? "action.unarchive" : "action.archive"), icon: "archive", onSelect: () => act([id], item.archived ? "unarchive" : "archive") },
    { label: t("action.delete"), icon: "trash", danger: true, onSelect: () => act([id], "delete") },
  ];
}

function Rename({ item, onDone }) {
  const field = useRef(null);
  const left = useRef(false);
  useEffect(() => field.current.select(), []);
  const finish = (save) => {
    if (left.current) return;
    left.current = true;
    const title = field.current.value.trim();
    if (save && title !== (item.title ?? "")) changeConversation(item.id, { title: title || null });
    onDone();
  };
  const onKeyDown = (event) => {
    if (event.key === "Enter") finish(true);
    if (event.key === "Escape") finish(false);
    event.stopPropagation();
  };
  return html`<div class="chat-row"><input ref=${field} class="input" aria-label=${t("action.rename")} defaultValue=${item.title ?? ""} maxlength="200" onKeyDown=${onKeyDown} onBlur=${() => finish(true)} /></div>`;
}
