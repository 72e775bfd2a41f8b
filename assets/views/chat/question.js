/** A question: its words, attachments and the documents it names, and the way to ask it differently. */
import { Icon } from "../../components/icon.js";
import { Menu } from "../../components/menu.js";
import { documentPath } from "../../lib/library-address.js";
import { exact } from "../../lib/time.js";
import { t } from "../../lib/text.js";
import { askEdited, attachmentAddress, branch, deleteMessage } from "../../state/asking.js";
import { documentOf, needDocuments, titleOf } from "../../state/documents.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { copy, focusComposer } from "../shell/actions.js";
import { EditBox } from "./edit-box.js";
import { Siblings } from "./siblings.js";

/** @param {{conversation: string|null, message: any}} props without a conversation nothing can be done to it */
export function Question({ conversation, message }) {
  const [editing, setEditing] = useState(false);
  const { id, content, created_at, attachments = [], document_ids: named = [] } = message;
  useEffect(() => needDocuments(named), [named.join()]);
  const save = async (text) => {
    if (await askEdited(conversation, message, text)) leave();
  };
  const leave = () => {
    setEditing(false);
    focusComposer();
  };
  const label = `${t("role.user")}, ${exact(created_at)}`;
  if (editing) {
    return html`<article class="message question editing" aria-label=${label}>
      <${EditBox} text=${content} label=${t("question.edit")} hint=${t("question.edit_hint")} action=${t("question.ask_again")} onSave=${save} onCancel=${leave} />
    </article>`;
  }
  const items = () => [
    { label: t("action.branch"), icon: "branch", onSelect: () => branch(conversation, id) },
    { label: t("action.delete_below"), icon: "trash", danger: true, onSelect: () => deleteMessage(conversation, id) },
  ];
  return html`<article class="message question" aria-label=${label}>
    ${attachments.length + named.length > 0 &&
    html`<ul class="plain-list attachments">
      ${attachments.map((entry) => html`<${Attachment} entry=${entry} href=${conversation && attachmentAddress(conversation, id, entry.n)} />`)}
      ${named.map((document) => html`<${Named} key=${document} id=${document} />`)}
    </ul>`}
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

function Named({ id }) {
  const item = documentOf(id).value;
  const name = !item ? "…" : item.missing ? t("scope.gone") : titleOf(item);
  return html`<li class="attachment named">
    <${Icon} name="shelf" />${item?.missing ? html`<span class="cut">${name}</span>` : html`<a class="cut" href=${documentPath(id)} title=${name}>${name}</a>`}
  </li>`;
}

/** A file that travels with a question; one that arrived has an address instead of data. */
export function Attachment({ entry, href = null, onRemove = null }) {
  const image = entry.media_type?.startsWith("image/");
  const src = entry.data ? `data:${entry.media_type};base64,${entry.data}` : href;
  return html`<li class="attachment">
    ${image && src ? html`<img src=${src} alt="" loading="lazy" />` : html`<${Icon} name="file" />`}
    ${href ? html`<a class="cut" href=${href} download=${entry.name}>${entry.name}</a>` : html`<span class="cut">${entry.name}</span>`}
    ${onRemove && html`<button type="button" class="icon-button" aria-label=${t("attach.remove", { name: entry.name })} onClick=${onRemove}><${Icon} name="close" /></button>`}
  </li>`;
}
