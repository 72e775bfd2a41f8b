/** Asks for one line or a few of text. */
import { Dialog } from "../../components/dialog.js";
import { t } from "../../lib/text.js";
import { html } from "../../vendor/html.js";
import { signal } from "../../vendor/signals.js";

/** @typedef {{title: string, label: string, value?: string, long?: boolean, then: (text: string) => void}} Question */

const asked = signal(/** @type {Question|null} */ (null));

/** Opens the dialog. */
export function askText(/** @type {Question} */ question) {
  asked.value = question;
}

/** The dialog; the shell draws it once. */
export function TextDialog() {
  const now = asked.value;
  const close = () => (asked.value = null);
  const submit = (event) => {
    event.preventDefault();
    const text = String(new FormData(event.currentTarget).get("text")).trim();
    close();
    now.then(text);
  };
  const common = { class: "input", name: "text", autofocus: true, autocomplete: "off", dir: "auto" };
  return html`<${Dialog} open=${Boolean(now)} onClose=${close} title=${now?.title ?? ""}>
    <form class="stack" onSubmit=${submit}>
      <label class="field"><span>${now?.label}</span>${now?.long ? html`<textarea ...${common} rows="4" required>${now.value}</textarea>` : html`<input ...${common} maxlength="200" defaultValue=${now?.value ?? ""} />`}</label>
      <div class="row end"><button type="button" class="button" onClick=${close}>${t("action.cancel")}</button><button class="button primary">${t("action.save")}</button></div>
    </form>
  <//>`;
}
