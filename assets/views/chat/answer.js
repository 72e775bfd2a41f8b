/** An answer: its reasoning, its words as they come, its sources, and what went wrong if something did. */
import { Later } from "../../components/later.js";
import { Markdown } from "../../lib/markdown.js";
import { pieces } from "../../lib/pieces.js";
import { t } from "../../lib/text.js";
import { exact } from "../../lib/time.js";
import { amend } from "../../state/asking.js";
import { modelById, PASSAGES } from "../../state/models.js";
import { useCallback, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { focusComposer } from "../shell/actions.js";
import { tools } from "../shell/parts.js";
import { AnswerTools } from "./answer-tools.js";
import { EditBox } from "./edit-box.js";
import { ErrorCard } from "./error-card.js";
import { openSource } from "./open-source.js";
import { Reasoning } from "./reasoning.js";
import { Revisions } from "./revisions.js";
import { Support } from "./support.js";

const NONE = [];

/**
 * @param {{conversation: string|null, held: {value: any}, column?: boolean}} props
 *   without a conversation (a temporary chat) only copying is offered; `column` is the one beside the chosen answer
 */
export function Answer({ conversation, held, column = false }) {
  const message = held.value;
  const [editing, setEditing] = useState(false);
  const [looking, setLooking] = useState(false);
  const onCite = useCallback((n) => openSource(held.value.sources?.find((entry) => entry.n === n), held.value.id), [held]);
  const live = message.state === "streaming";
  // While a tool runs or a person is asked, the call itself says what is waited for.
  const calling = message.calls?.some(({ state }) => state === "waiting" || state === "running");
  const silent = live && !message.content && !calling;
  const save = async (text) => {
    if (await amend(conversation, message, text)) leave();
  };
  const leave = () => {
    setEditing(false);
    focusComposer();
  };
  return html`<article class=${`message answer ${live ? "live" : ""}`} data-message=${message.id} aria-label=${`${t("role.assistant")}, ${exact(message.created_at)}`} aria-busy=${live ? "true" : undefined}>
    <p class="answer-by">${modelName(message)}${message.edited_at && html` · <button type="button" class="edited" title=${exact(message.edited_at)} aria-label=${t("answer.edited_show")} aria-haspopup="dialog" onClick=${() => setLooking(true)}>${t("answer.edited")}</button>`}</p>
    ${looking && html`<${Revisions} conversation=${conversation} message=${message} onClose=${() => setLooking(false)} />`}
    ${message.reasoning && html`<${Reasoning} message=${message} thinking=${silent} />`}
    ${editing
      ? html`<${EditBox} text=${message.content} label=${t("answer.edit")} hint=${t("answer.edit_hint")} action=${t("action.save")} onSave=${save} onCancel=${leave} />`
      : pieces(message).map(({ at, text, calls }, n, all) =>
          calls
            ? html`<${Later} key=${`calls ${calls[0].id}`} load=${tools} name="ToolCalls" turn=${message.turn_id} calls=${calls} />`
            : html`<${Markdown} key=${at} text=${text} streaming=${live && n === all.length - 1} sources=${message.sources ?? NONE} unknown=${message.support?.unknown} onCite=${onCite} />`,
        )}
    ${(silent || (live && message.status)) && html`<${Working} status=${message.status} />`}
    ${!live && message.state !== "complete" && html`<${ErrorCard} conversation=${conversation} message=${message} />`}
    ${!live && message.state === "complete" && !message.content && html`<p class="hint">${t("answer.empty")}</p>`}
    ${!live && html`<${Support} support=${message.support} />`}
    ${!live && !editing && html`<${AnswerTools} conversation=${conversation} message=${message} column=${column} onEdit=${() => setEditing(true)} />`}
  </article>`;
}

/** The name of the model that answered. */
export function modelName(message) {
  if (message.model === PASSAGES || message.provider === "passages" || message.model === "passages") return t("model.passages");
  return modelById(message.model)?.name ?? message.model?.replace(/^prov_[0-9a-f]+\//, "") ?? t("role.assistant");
}

function Working({ status }) {
  const words = status?.attempt ? t("answer.attempt", { text: status.text, attempt: status.attempt, of: status.of ?? status.attempt }) : status?.text || t("answer.working");
  return html`<p class="working"><span class="ember" aria-hidden="true"></span><span>${words}</span></p>`;
}
