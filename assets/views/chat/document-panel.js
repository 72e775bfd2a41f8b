/** The document behind a citation, beside the chat, opened at the quoted passage. */
import { Icon } from "../../components/icon.js";
import { t } from "../../lib/text.js";
import { documentOf, loadDocument, titleOf } from "../../state/documents.js";
import { Extract } from "../../state/extract.js";
import { panel } from "../../state/panel.js";
import { reasonOf } from "../../state/notices.js";
import { useEffect, useMemo, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { Reader } from "../library/reader.js";
import { pathOf, sourcePlace, tabOf } from "./open-source.js";

/** @param {{source: any}} props */
export function DocumentPanel({ source }) {
  const { document_id: id } = source;
  const item = documentOf(id).value;
  const [error, setError] = useState(null);
  const load = () => {
    setError(null);
    loadDocument(id).catch(setError);
  };
  useEffect(load, [id]);
  const extract = useMemo(() => new Extract(id, item?.kind), [id, item?.kind]);
  const gone = item?.missing || (error && !item);
  const range = source.whole ? [null, null] : [source.start, source.end];
  return html`<div class="document-panel">
    <div class="document-panel-head">
      <strong dir="auto">${item && !item.missing ? titleOf(item) : source.title}</strong>
      <p class="row wrap hint"><span class="cite-number">${source.n}</span><span class="grow">${sourcePlace(source)}</span>
        ${!gone && html`<a class="button small" href=${pathOf(source)} target=${tabOf()}><${Icon} name="external" />${t("document.open")}</a>`}</p>
      ${item?.deleted_at && html`<p class="hint row"><${Icon} name="trash" />${t("document.in_trash")}</p>`}
    </div>
    ${gone
      ? html`<div class="empty" role="alert"><p>${item?.missing ? t("document.gone") : reasonOf(error)}</p><p class="hint">${t("sources.quoted")}</p><blockquote class="lost-quote" dir="auto">${source.text}</blockquote></div>`
      : item && html`<${Reader} extract=${extract} from=${range[0]} to=${range[1]} quote=${source.whole ? null : source.text} verified=${source.verified !== false} visit=${panel.value} />`}
  </div>`;
}
