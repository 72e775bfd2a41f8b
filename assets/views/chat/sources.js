/** The passages an answer stands on. */
import { Icon } from "../../components/icon.js";
import { Moment } from "../../components/moment.js";
import { t } from "../../lib/text.js";
import { heldMessage } from "../../state/asking.js";
import { html } from "../../vendor/html.js";

/** @param {{conversation: string, message: string}} props */
export function Sources({ conversation, message }) {
  const sources = heldMessage(conversation, message)?.value.sources ?? [];
  if (!sources.length) return html`<p class="empty">${t("sources.none")}</p>`;
  return html`<ol class="plain-list stack tight">
    ${sources.map(
      (source) => html`<li key=${source.n} class="card source">
        <p class="row"><span class="cite-number">${source.n}</span><strong class="grow cut">${source.title || t("chat.untitled")}</strong>${source.created_at && html`<${Moment} at=${source.created_at} />`}</p>
        ${source.location && html`<p class="hint">${source.location}</p>`}
        <p class="source-text" dir="auto">${source.text}</p>
        ${source.conversation_id && html`<a class="button small" href=${`/c/${source.conversation_id}${source.message_id ? `?m=${source.message_id}` : ""}`}><${Icon} name="external" />${t("sources.open")}</a>`}
      </li>`,
    )}
  </ol>`;
}
