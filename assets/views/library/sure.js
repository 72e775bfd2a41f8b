/** Deleting documents for good: the one thing here without a way back, so it asks. */
import { Dialog } from "../../components/dialog.js";
import { t } from "../../lib/text.js";
import { html } from "../../vendor/html.js";
import { signal } from "../../vendor/signals.js";

const asked = signal(/** @type {{text: string, then: () => void}|null} */ (null));

/** Asks before it does. */
export function askSure(/** @type {{text: string, then: () => void}} */ what) {
  asked.value = what;
}

/** The question. */
export function SureDialog() {
  const now = asked.value;
  const close = () => (asked.value = null);
  const confirm = () => {
    close();
    now.then();
  };
  return html`<${Dialog} open=${Boolean(now)} onClose=${close} title=${t("purge.title")}>
    <p>${now?.text}</p>
    <div class="row end">
      <button type="button" class="button" autofocus onClick=${close}>${t("action.cancel")}</button>
      <button type="button" class="button danger" onClick=${confirm}>${t("action.purge")}</button>
    </div>
  <//>`;
}
