/** A question: its words and attachments, and the way to ask it differently. */
import { Icon } from "../../components/icon.js";
import { Menu } from "../../components/menu.js";
import { exact } from "../../lib/time.js";
import { t } from "../../lib/text.js";
import { askEdited, branch, deleteMessage } from "../../state/asking.js";
import { useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { copy } from "../shell/actions.js";
import { EditBox } from "./edit-box.js";
import { Siblings } from "./siblings.js";

/** @param {{conversation: string|null, message: any}} props without a conversation nothing can be done to it */
export function Question({ conversation, message }) {
  const [editing, setEditing] = useState(false);
  const { id, content, created_at, attachments = [] } = message;
  const save = async (text) => {
    if (await askEdited(conversation, message, text)) setEditing(false);
  };
  const label = `${t("role.user")}, ${exact(created_at)}`;
  if (editing) {
    return html`<article class="message question editing" aria-label=${label}>
      <${EditBox} text=${content} label=${t("question.edit")} hint=${t("question.edit_hint")} action=${t("question.ask_again")} onSave=${save} onCancel=${() => setEditing(false)} />
    </article>`;
  }
  const items = () => [
    { label: t("action.branch"), icon: "branch", onSelect: () => branch(conversation, id) },
    { label: t("action.delete_below"), icon: "trash", danger: true, onSelect: () => deleteMessage(conversation, id) },
  ];
  return html`<article class="message question" aria-label=${label}>
    ${attachments.length > 0 && html`<ul class="plain-list attachments">${attachments.map((entry) => html`<${Attachment} entry=${entry} />`)}</ul>`}
    <div class="bubble" dir="auto" title=${exact(created_at)}>${content}</div>
    <div class="message-tools">
      ${conversation && html`<${Siblings} conversation=${conversation} message=${message} />`}
      <button type="button" class="icon-button" aria-label=${t("action.copy")} title=${t("action.copy")} onClick=${() => copy(content)}><${Icon} name="copy" /></button>
      ${conversation &&
      html`<button type="button" class="icon-button" aria-label=${t("question.edit")} title=${t("question.edit")} onClick=${() => setEditing(true)}><${Icon} name="edit" /></button>
        <${Menu} label=${t("message.more")} items=${items} />`}
    </div>
  </article>`;
}

/** A file that travels with a question. */
export function Attachment({ entry, onRemove = null }) {
  const image = entry.media_type?.startsWith("image/") && entry.data;
  return html`<li class="attachment">
    ${image ? html`<img src=${`data:${entry.media_type};base64,${entry.data}`} alt="" />` : html`<${Icon} name=${entry.media_type?.startsWith("image/") ? "eye" : "file"} />`}
    <span class="cut">${entry.name}</span>
    ${onRemove && html`<button type="button" class="icon-button" aria-label=${t("attach.remove", { name: entry.name })} onClick=${onRemove}><${Icon} name="close" /></button>`}
  </li>`;
}
