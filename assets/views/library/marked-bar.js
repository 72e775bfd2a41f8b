/** What can be done to the marked documents at once. */
import { Icon } from "../../components/icon.js";
import { t } from "../../lib/text.js";
import { askAbout, markAll, marked, purgeDocuments, readAgain, restoreDocuments, stopMarking, trashDocuments } from "../../state/library.js";
import { listed } from "../../state/shelf.js";
import { html } from "../../vendor/html.js";
import { askMove } from "./collection-dialog.js";
import { askSure } from "./sure.js";

/** @param {{shown: import("../../lib/library-address.js").View}} props */
export function MarkedBar({ shown }) {
  const ids = [...marked.value];
  const button = (icon, label, onClick) =>
    html`<button type="button" class="button small" disabled=${!ids.length} onClick=${onClick}><${Icon} name=${icon} /><span class="marked-word">${t(label)}</span></button>`;
  const purge = () => askSure({ text: t("library.purge_text", { n: ids.length }), then: () => purgeDocuments(ids) });
  const thrown = () => html`${button("restore", "action.restore", () => restoreDocuments(ids))} ${button("trash", "action.purge", purge)}`;
  const kept = () => html`${button("chat", "first.ask", () => askAbout(ids))} ${button("collection", "library.move", () => askMove(ids))}
    ${button("refresh", "library.again", () => readAgain(ids))} ${button("trash", "action.delete", () => trashDocuments(ids))}`;
  return html`<div class="narrowing marked-bar" role="toolbar" aria-label=${t("library.marked_bar")}>
    <span class="marked-count" aria-live="polite">${t("bulk.count", { n: ids.length })}</span>
    ${shown.view === "trash" ? thrown() : kept()}
    <span class="grow"></span>
    <button type="button" class="button small quiet" onClick=${() => markAll(listed.value)}>${t("bulk.all")}</button>
    <button type="button" class="button small" onClick=${stopMarking}>${t("action.done")}</button>
  </div>`;
}
