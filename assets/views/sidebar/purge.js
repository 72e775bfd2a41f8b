/** Deleting for good: the one thing without a way back, so it asks. */
import { t } from "../../lib/text.js";
import { purge } from "../../state/keeping.js";
import { signal } from "../../vendor/signals.js";
import { html } from "../../vendor/html.js";
import { Dialog } from "../../components/dialog.js";

const asked = signal(null);

/** The menu item that asks before it deletes for good. */
export function purgeItem(ids) {
  return { label: t("action.purge"), icon: "trash", danger: true, onSelect: () => askPurge(ids) };
}

/** Asks whether to delete for good. */
export function askPurge(ids) {
  asked.value = ids;
}

/** The question. */
export function PurgeDialog() {
  const ids = asked.value;
  const close = () => (asked.value = null);
  const confirm = () => {
    close();
    purge(ids);
  };
  return html`<${Dialog} open=${Boolean(ids)} onClose=${close} title=${t("purge.title")}>
    <p>${t("purge.text", { n: ids?.length ?? 0 })}</p>
    <div class="row end">
      <button type="button" class="button" autofocus onClick=${close}>${t("action.cancel")}</button>
      <button type="button" class="button danger" onClick=${confirm}>${t("action.purge")}</button>
    </div>
  <//>`;
}
