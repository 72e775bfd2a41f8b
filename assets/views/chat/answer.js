/** An answer: its reasoning, its words as they come, its sources, and what went wrong if something did. */
import { go } from "../../lib/router.js";
import { Markdown } from "../../lib/markdown.js";
import { t } from "../../lib/text.js";
import { exact } from "../../lib/time.js";
import { amend } from "../../state/asking.js";
import { modelById, PASSAGES } from "../../state/models.js";
import { useCallback, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { focusComposer } from "../shell/actions.js";
import { AnswerTools } from "./answer-tools.js";
import { EditBox } from "./edit-box.js";
import { ErrorCard } from "./error-card.js";
import { Reasoning } from "./reasoning.js";

/**
 * @param {{conversation: string|null, held: {value: any}, column?: boolean}} props
 *   without a conversation (a temporary chat) only copying is offered; `column` is the one beside the chosen answer
 */
export function Answer({ conversation, held, column = false }) {
  const message = held.value;
  const [editing, setEditing] = useState(false);
  const onCite = useCallback((n) => openSource(held.value.sources, n), [held]);
  const live = message.state === "streaming";
  const silent = live && !message.content;
  const save = async (text) => {
    if (await amend(conversation, message.id, text)) leave();
  };
  const leave = () => {
    setEditing(false);
    focusComposer();
  };
  return html`<article class=${`message answer ${live ? "live" : ""}`} data-message=${message.id} aria-label=${`${t("role.assistant")}, ${exact(message.created_at)}`} aria-busy=${live ? "true" : undefined}>
    <p class="answer-by">${modelName(message)}${message.edited_at && html` · <span title=${exact(message.edited_at)}>${t("answer.edited")}</span>`}</p>
    ${message.reasoning && html`<${Reasoning} message=${message} thinking=${silent} />`}
    ${editing
      ? html`<${EditBox} text=${message.content} label=${t("answer.edit")} hint=${t("answer.edit_hint")} action=${t("action.save")} onSave=${save} onCancel=${leave} />`
      : message.content && html`<${Markdown} text=${message.content} streaming=${live} sources=${message.sources ?? []} onCite=${onCite} />`}
    ${(silent || (live && message.status)) && html`<${Working} status=${message.status} />`}
    ${!live && message.state !== "complete" && html`<${ErrorCard} conversation=${conversation} message=${message} />`}
    ${!live && message.state === "complete" && !message.content && html`<p class="hint">${t("answer.empty")}</p>`}
    ${!live && !editing && html`<${AnswerTools} conversation=${conversation} message=${message} column=${column} onEdit=${() => setEditing(true)} />`}
  </article>`;
}

/** The name of the model that answered. */
export function modelName(message) {
  if (message.model === PASSAGES || message.provider === "passages" || message.model === "passages") return t("model.passages");
  return modelById(message.model)?.name ?? message.model?.replace(/^prov_[0-9a-f]+\//, "") ?? t("role.assistant");
}

/** Opens the place that a citation points at. */
export function openSource(sources, n) {
  const source = sources?.find((entry) => entry.n === n);
  if (source?.conversation_id) go(`/c/${source.conversation_id}${source.message_id ? `?m=${source.message_id}` : ""}`);
}

function Working({ status }) {
  const words = status?.attempt ? t("answer.attempt", { text: status.text, attempt: status.attempt, of: status.of ?? status.attempt }) : status?.text || t("answer.working");
  return html`<p class="working"><span class="ember" aria-hidden="true"></span><span>${words}</span></p>`;
}
