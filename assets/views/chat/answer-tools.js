/** What can be done with an answer. */
import { Icon } from "../../components/icon.js";
import { Menu } from "../../components/menu.js";
import { plainText } from "../../lib/markdown.js";
import { t } from "../../lib/text.js";
import { duration, exact } from "../../lib/time.js";
import { cost, costLabel } from "../../lib/tokens.js";
import { branch, deleteMessage, goOn, rate, regenerate, select } from "../../state/asking.js";
import { showBeside } from "../../state/compare.js";
import { modelById } from "../../state/models.js";
import { togglePanel } from "../../state/panel.js";
import { openPicker } from "../../state/picker.js";
import { useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { copy } from "../shell/actions.js";
import { RatingNote } from "./rating-note.js";
import { Siblings } from "./siblings.js";

/** @param {{conversation: string|null, message: any, column: boolean, onEdit: () => void}} props */
export function AnswerTools({ conversation, message, column, onEdit }) {
  const [noting, setNoting] = useState(false);
  const { id, content, rating } = message;
  const button = (icon, label, onClick, pressed) => html`<button type="button" class="icon-button filled" aria-label=${t(label)} title=${t(label)}
    aria-pressed=${pressed === undefined ? undefined : String(pressed)} onClick=${onClick}><${Icon} name=${icon} /></button>`;
  const judge = async (next) => {
    const same = rating === next;
    await rate(conversation, id, same ? null : next);
    setNoting(!same);
  };
  const again = () => [
    { label: t("answer.again"), icon: "refresh", onSelect: () => regenerate(conversation, id) },
    { label: t("answer.again_with"), icon: "computer", onSelect: () => openPicker({ title: t("answer.again_with"), current: message.model, onPick: (model) => regenerate(conversation, id, model) }) },
  ];
  const sources = message.sources?.length ?? 0;
  const chip = sources > 0 && html`<button type="button" class="button small quiet" onClick=${() => togglePanel({ kind: "sources", messageId: id })}><${Icon} name="book" />${t("sources.count", { n: sources })}</button>`;
  if (!conversation) return html`<div class="message-tools">${content && button("copy", "action.copy_markdown", () => copy(content))}${chip}</div>`;
  if (column) {
    return html`<div class="message-tools">
      <button type="button" class="button small" onClick=${() => select(conversation, id)}><${Icon} name="check" />${t("compare.choose")}</button>
      ${content && button("copy", "action.copy_markdown", () => copy(content))}<${Facts} message=${message} />
    </div>`;
  }
  return html`<div class="message-tools">
      <${Siblings} conversation=${conversation} message=${message} />
      ${content && button("copy", "action.copy_markdown", () => copy(content))}
      <${Menu} label=${t("answer.again")} icon="refresh" items=${again} />
      ${content && html`${button("thumb-up", "rating.up", () => judge("up"), rating === "up")} ${button("thumb-down", "rating.down", () => judge("down"), rating === "down")}`}
      <${Menu} label=${t("message.more")} items=${() => moreItems(conversation, message, onEdit, setNoting)} />
      ${chip}
      <${Facts} message=${message} />
    </div>
    ${noting && rating && html`<${RatingNote} conversation=${conversation} message=${message} onDone=${() => setNoting(false)} />`}
    ${!noting && message.note && html`<p class="hint note">${t("rating.note_shown", { note: message.note })}</p>`}`;
}

function moreItems(conversation, message, onEdit, setNoting) {
  const { id, content, state, turn_id, sibling_ids = [], parent_id, rating } = message;
  return [
    content && { label: t("action.copy_text"), icon: "text", onSelect: () => copy(plainText(content)) },
    { label: t("answer.edit"), icon: "edit", onSelect: onEdit },
    state !== "complete" && { label: t("answer.continue"), icon: "play", onSelect: () => goOn(conversation, id) },
    { label: t("action.branch"), icon: "branch", onSelect: () => branch(conversation, id) },
    sibling_ids.length > 1 && { label: t("compare.show"), icon: "columns", onSelect: () => showBeside(parent_id) },
    rating && { label: t("rating.edit_note"), icon: "chat", onSelect: () => setNoting(true) },
    turn_id && { label: t("panel.prompt"), icon: "eye", onSelect: () => togglePanel({ kind: "prompt", messageId: turn_id }) },
    { label: t("action.delete_below"), icon: "trash", danger: true, onSelect: () => deleteMessage(conversation, id) },
  ];
}

/** Time and tokens: the total in sight, the rest on hover. */
function Facts({ message }) {
  const { timings, usage, created_at } = message;
  if (!timings?.total_ms) return null;
  const price = usage && cost(modelById(message.model)?.price, usage.input_tokens, usage.output_tokens);
  const seconds = (timings.total_ms - (timings.first_token_ms ?? 0)) / 1000;
  const lines = [
    exact(created_at),
    timings.first_token_ms !== null && timings.first_token_ms !== undefined && t("facts.first", { time: duration(timings.first_token_ms) }),
    t("facts.total", { time: duration(timings.total_ms) }),
    usage && t("facts.tokens", { input: usage.input_tokens, output: usage.output_tokens }),
    usage && seconds > 0.2 && t("facts.speed", { n: Math.round(usage.output_tokens / seconds) }),
    price !== null && price && t("facts.cost", { cost: costLabel(price) }),
  ];
  return html`<span class="answer-facts hint" tabindex="0" role="note" title=${lines.filter(Boolean).join("\n")} aria-label=${lines.filter(Boolean).join(", ")}>${duration(timings.total_ms)}</span>`;
}
