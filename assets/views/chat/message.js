/** One message of a chat: a question or an answer, with its siblings beside it where wanted. */
import { Icon } from "../../components/icon.js";
import { t } from "../../lib/text.js";
import { besideOf, compared, fetchSibling, showAlone } from "../../state/compare.js";
import { messageOf } from "../../state/threads.js";
import { useEffect } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { Answer } from "./answer.js";
import { Question } from "./question.js";

/** @param {{thread: import("../../state/threads.js").Thread, id: string, found: boolean}} props */
export function Message({ thread, id, found }) {
  const held = messageOf(thread, id);
  if (!held) return null;
  const message = held.value;
  const mark = found ? "found" : "";
  if (message.role === "user") return html`<div class=${mark}><${Question} conversation=${thread.id} message=${message} /></div>`;
  const beside = compared.value.has(message.parent_id) && message.sibling_ids?.length > 1;
  if (beside) return html`<${Columns} thread=${thread} message=${message} />`;
  return html`<div class=${mark}><${Answer} conversation=${thread.id} held=${held} /></div>`;
}

function Columns({ thread, message }) {
  const other = besideOf(message);
  useEffect(() => {
    fetchSibling(thread, other);
  }, [other]);
  const pair = message.sibling_ids.filter((id) => id === message.id || id === other);
  return html`<section class="columns" aria-label=${t("compare.title")}>
    <div class="row apart columns-head">
      <span class="hint">${t("compare.title")}</span>
      <button type="button" class="button small quiet" onClick=${() => showAlone(message.parent_id)}><${Icon} name="close" />${t("compare.end")}</button>
    </div>
    ${pair.map((id) => {
      const held = messageOf(thread, id);
      return html`<div key=${id} class=${`column ${id === message.id ? "chosen" : ""}`}>
        ${held ? html`<${Answer} conversation=${thread.id} held=${held} column=${id !== message.id} />` : html`<span class="spinner" role="img" aria-label=${t("list.loading")}></span>`}
      </div>`;
    })}
  </section>`;
}
