/** Which documents a chat asks: all, chosen ones or none; and which are always given whole. */
import { Icon } from "../../components/icon.js";
import { t } from "../../lib/text.js";
import { documentOf, needDocuments, titleOf } from "../../state/documents.js";
import { togglePanel } from "../../state/panel.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { DocumentField } from "./document-field.js";

const SCOPES = ["all", "chosen", "none"];

/** `all`, `none`, or `chosen` for a list. */
export function scopeOf(item) {
  const { document_ids: ids = "all" } = item ?? {};
  return Array.isArray(ids) ? "chosen" : ids;
}

/** @param {{item: any, change: (fields: any) => void}} props */
export function DocumentScope({ item, change }) {
  const scope = scopeOf(item);
  const chosen = scope === "chosen" ? item.document_ids : [];
  const pinned = item.pinned_document_ids ?? [];
  const choose = (next) => change({ document_ids: next === "chosen" ? [] : next });
  return html`<fieldset class="plain-fieldset scope">
    <legend>${t("scope.title")}</legend>
    <div class="row wrap">
      ${SCOPES.map((name) => html`<label key=${name} class="pill small"><input type="radio" name="scope" value=${name} checked=${scope === name} onChange=${() => choose(name)} /><span>${t(`scope.${name}`)}</span></label>`)}
    </div>
    <p class="hint">${t(`scope.${scope}_hint`)}</p>
    ${scope === "chosen" && html`<${Chosen} label=${t("scope.add")} ids=${chosen} onChange=${(ids) => change({ document_ids: ids })} />`}
    ${scope !== "none" &&
    html`<div class="field"><span>${t("scope.pinned")}</span><p class="hint">${t("scope.pinned_hint")}</p>
      <${Chosen} label=${t("scope.pin")} ids=${pinned} icon="pin" onChange=${(ids) => change({ pinned_document_ids: ids })} /></div>`}
  </fieldset>`;
}

/** Documents as chips, with a field that adds more. */
function Chosen({ label, ids, icon = "file", onChange }) {
  const [held, setHeld] = useState(ids);
  useEffect(() => {
    setHeld(ids);
    needDocuments(ids);
  }, [ids.join()]);
  const change = (next) => {
    // Shown at once; the server's answer follows.
    setHeld(next);
    onChange(next);
  };
  return html`${held.length > 0 &&
    html`<ul class="plain-list row wrap chosen-documents">${held.map((id) => html`<${Chip} key=${id} id=${id} icon=${icon} onRemove=${() => change(held.filter((other) => other !== id))} />`)}</ul>`}
    <${DocumentField} label=${label} without=${held} onPick=${(id) => change([...held, id])} />`;
}

function Chip({ id, icon, onRemove }) {
  const item = documentOf(id).value;
  const name = !item ? "…" : item.missing ? t("scope.gone") : titleOf(item);
  return html`<li class="badge removable"><${Icon} name=${icon} /><span class="cut" title=${name}>${name}</span><button type="button" class="icon-button" aria-label=${t("scope.without", { name })} onClick=${onRemove}><${Icon} name="close" /></button></li>`;
}

/** A word in the composer where a chat does not ask everything. */
export function ScopeChip({ item }) {
  const scope = scopeOf(item);
  const ids = scope === "chosen" ? item.document_ids : [];
  useEffect(() => needDocuments(ids.slice(0, 1)), [ids[0]]);
  if (scope === "all") return null;
  const first = ids.length === 1 ? documentOf(ids[0]).value : null;
  const words = scope === "none" ? t("scope.none_short") : first && !first.missing ? titleOf(first) : t("scope.chosen_short", { n: ids.length });
  return html`<button type="button" class="model-button scope-chip" title=${t("scope.change")} aria-label=${`${t("scope.title")}: ${words}`} onClick=${() => togglePanel({ kind: "settings" })}><${Icon} name="shelf" /><span class="cut">${words}</span></button>`;
}
