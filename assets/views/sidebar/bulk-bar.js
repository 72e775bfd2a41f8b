/** What can be done to the marked chats at once. */
import { Icon } from "../../components/icon.js";
import { t } from "../../lib/text.js";
import { filter, listed } from "../../state/conversations.js";
import { act, markAll, marked, stopMarking } from "../../state/keeping.js";
import { html } from "../../vendor/html.js";
import { askFolder, askTag, LabelDialog } from "./label-dialog.js";
import { askPurge, PurgeDialog } from "./purge.js";

/** The line above the list while chats are being marked. */
export function BulkBar() {
  const ids = [...marked.value];
  const none = ids.length === 0;
  const { view } = filter.value;
  const button = (icon, label, onClick) =>
    html`<button type="button" class="icon-button" disabled=${none} aria-label=${t(label)} title=${t(label)} onClick=${onClick}><${Icon} name=${icon} /></button>`;
  const kept = html`${button("folder", "action.move", () => askFolder(ids))} ${button("tag", "action.tag", () => askTag(ids))}
    ${button("archive", view === "archived" ? "action.unarchive" : "action.archive", () => act(ids, view === "archived" ? "unarchive" : "archive"))}
    ${button("trash", "action.delete", () => act(ids, "delete"))}`;
  const thrown = html`${button("restore", "action.restore", () => act(ids, "restore"))} ${button("trash", "action.purge", () => askPurge(ids))}`;
  return html`<div class="bulk-bar" role="toolbar" aria-label=${t("bulk.bar")}>
    <div class="row apart">
      <span aria-live="polite">${t("bulk.count", { n: ids.length })}</span>
      <button type="button" class="button small quiet" onClick=${() => markAll(listed.value)}>${t("bulk.all")}</button>
    </div>
    <div class="row">
      ${view === "trash" ? thrown : kept}
      <span class="grow"></span>
      <button type="button" class="button small" onClick=${stopMarking}>${t("action.done")}</button>
    </div>
    <${LabelDialog} /><${PurgeDialog} />
  </div>`;
}
