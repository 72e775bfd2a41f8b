/** The library before anything is in it: what can be dropped, what happens then, and that nothing leaves the machine. */
import { Icon } from "../../components/icon.js";
import { t } from "../../lib/text.js";
import { useRef } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { askToAdd } from "./adding.js";

/** @param {{onFiles: (files: FileList) => void}} props */
export function FirstDocuments({ onFiles }) {
  const input = useRef(null);
  const way = (icon, label, kind) => html`<button type="button" class="button" onClick=${() => askToAdd(kind)}><${Icon} name=${icon} />${t(label)}</button>`;
  return html`<div class="first-documents">
    <div class="drop-here">
      <${Icon} name="upload" class="large" />
      <h2>${t("first.title")}</h2>
      <p class="hint">${t("first.kinds")}</p>
      <input ref=${input} type="file" multiple hidden onChange=${(event) => onFiles(event.currentTarget.files)} />
      <button type="button" class="button primary" onClick=${() => input.current.click()}><${Icon} name="plus" />${t("first.choose")}</button>
      <div class="row wrap">${way("text", "add.text", "text")} ${way("link", "add.url", "url")} ${way("watched", "add.watch", "folder")}</div>
    </div>
    <ol class="plain-list first-steps">
      ${["read", "ask", "private"].map((name, index) => html`<li key=${name}><span class="cite-number" aria-hidden="true">${index + 1}</span><span><strong>${t(`first.${name}`)}</strong><br /><span class="hint">${t(`first.${name}_text`)}</span></span></li>`)}
    </ol>
  </div>`;
}
