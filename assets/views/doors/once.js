/** Something that is shown this once: a token or a link, with a way to copy it. */
import { Icon } from "../../components/icon.js";
import { t } from "../../lib/text.js";
import { useEffect, useId, useRef } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { copy } from "../shell/actions.js";

/** @param {{title: string, text: string, value: string, onDone: () => void}} props */
export function Once({ title, text, value, onDone }) {
  const id = useId();
  const box = useRef(null);
  useEffect(() => box.current.focus(), [value]);
  return html`<div ref=${box} class="card stack tight once" role="group" aria-labelledby=${id} tabindex="-1">
    <strong id=${id}>${title}</strong>
    <p>${text}</p>
    <div class="row wrap">
      <input class="input grow" readonly dir="ltr" value=${value} aria-labelledby=${id} onFocus=${(event) => event.currentTarget.select()} />
      <button type="button" class="button primary" onClick=${() => copy(value)}><${Icon} name="copy" />${t("action.copy")}</button>
      <button type="button" class="button" onClick=${onDone}>${t("action.done")}</button>
    </div>
  </div>`;
}
