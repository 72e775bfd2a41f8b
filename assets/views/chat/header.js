/** The bar above a chat: what it is called, and the panels and actions that belong to it. */
import { Icon } from "../../components/icon.js";
import { Menu } from "../../components/menu.js";
import { plainText } from "../../lib/markdown.js";
import { saveText } from "../../lib/files.js";
import { t } from "../../lib/text.js";
import { conversation } from "../../state/conversations.js";
import { act } from "../../state/keeping.js";
import { panel, togglePanel } from "../../state/panel.js";
import { loadOlder, messageOf, openThread } from "../../state/threads.js";
import { html } from "../../vendor/html.js";
import { titleOf } from "../sidebar/chat-row.js";
import { copy } from "../shell/actions.js";
import { TopBar } from "../shell/top-bar.js";

/** @param {{id: string|null}} props */
export function Header({ id }) {
  const item = id ? conversation(id).value : null;
  const there = item && !item.missing;
  const toggle = (kind, icon) => html`<button type="button" class="icon-button" aria-pressed=${panel.value?.kind === kind ? "true" : "false"}
    aria-label=${t(`panel.${kind}`)} title=${t(`panel.${kind}`)} onClick=${() => togglePanel({ kind })}><${Icon} name=${icon} /></button>`;
  return html`<${TopBar}>
    <div class="grow chat-title">
      <h1 class="cut">${there ? titleOf(item) : id ? "" : t("chat.new")}</h1>
      ${there && item.folder && html`<span class="badge"><${Icon} name="folder" />${item.folder}</span>`}
      ${there && item.tags.map((tag) => html`<span class="badge" key=${tag}>${tag}</span>`)}
    </div>
    ${there && toggle("branches", "branch")} ${toggle("settings", "settings")}
    ${there && html`<${Menu} label=${t("chat.menu")} items=${() => itemsFor(item)} />`}
  <//>`;
}

function itemsFor(item) {
  const { id } = item;
  if (item.deleted_at) return [{ label: t("action.restore"), icon: "restore", onSelect: () => act([id], "restore") }];
  return [
    { label: t(item.pinned ? "action.unpin" : "action.pin"), icon: "pin", onSelect: () => act([id], item.pinned ? "unpin" : "pin") },
    { label: t("chat.copy_all"), icon: "copy", onSelect: async () => copy(await wholeText(item)) },
    { label: t("chat.save_all"), icon: "file", onSelect: async () => saveText(`${fileName(titleOf(item))}.md`, await wholeText(item), "text/markdown") },
    { label: t(item.archived ? "action.unarchive" : "action.archive"), icon: "archive", onSelect: () => act([id], item.archived ? "unarchive" : "archive") },
    { label: t("action.delete"), icon: "trash", danger: true, onSelect: () => act([id], "delete") },
  ];
}

function fileName(title) {
  return plainText(title).replace(/[^\p{L}\p{N} _-]+/gu, "").trim().slice(0, 60) || "chat";
}

/** The path that is shown, from its first message, as Markdown. */
async function wholeText(item) {
  const thread = openThread(item.id);
  while (thread.cursor !== null) await loadOlder(thread, 200);
  const parts = thread.path.value.map((id) => messageOf(thread, id).value).map(({ role, content }) => `**${t(`role.${role}`)}**\n\n${content}`);
  return `# ${titleOf(item)}\n\n${parts.join("\n\n---\n\n")}\n`;
}
