/** The passages an answer stands on, and how far it does. */
import { Icon } from "../../components/icon.js";
import { Moment } from "../../components/moment.js";
import { withoutSigns } from "../../lib/signs.js";
import { t } from "../../lib/text.js";
import { heldMessage } from "../../state/asking.js";
import { temporaryMessage } from "../../state/temporary.js";
import { html } from "../../vendor/html.js";
import { openSource, pathOf, sourcePlace, tabOf } from "./open-source.js";
import { Support } from "./support.js";

const KIND_ICONS = { message: "chat", document: "file", note: "note" };
const ACTIONS = { message: "sources.open", document: "sources.open_document", note: "sources.open_note" };

/** @param {{conversation: string|null, message: string}} props without a conversation it is one of the temporary chat */
export function Sources({ conversation, message }) {
  const held = conversation ? heldMessage(conversation, message)?.value : temporaryMessage(message);
  const sources = held?.sources ?? [];
  if (!sources.length) return html`<p class="empty">${t("sources.none")}</p>`;
  const cited = new Set(held.support?.cited ?? []);
  return html`<${Support} support=${held.support} />
  <ol class="plain-list stack tight">
    ${sources.map(
      (source) => html`<li key=${source.n} class=${`card source ${held.support && !cited.has(source.n) ? "uncited" : ""}`}>
        <p class="row"><span class="cite-number">${source.n}</span><${Icon} name=${KIND_ICONS[source.kind] ?? "file"} /><strong class="grow cut" title=${source.title} dir="auto">${source.title || t(source.kind === "message" ? "chat.untitled" : "sources.untitled")}</strong>${source.created_at && html`<${Moment} at=${source.created_at} />`}</p>
        ${sourcePlace(source) && html`<p class="hint">${sourcePlace(source)}</p>`}
        <p class="source-text" dir="auto">${withoutSigns(source.text).text}</p>
        <p class="row wrap">
          ${source.document_id
            ? html`<button type="button" class="button small" onClick=${() => openSource(source, message)}><${Icon} name="eye" />${t(ACTIONS.document)}</button>`
            : html`<a class="button small" href=${pathOf(source)} target=${tabOf()}><${Icon} name="external" />${t(ACTIONS[source.kind] ?? "sources.open")}</a>`}
          ${source.verified === false && html`<span class="badge warn" title=${t("document.unverified")}><${Icon} name="warning" />${t("sources.unverified")}</span>`}
        </p>
      </li>`,
    )}
  </ol>`;
}
