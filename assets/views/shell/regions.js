/** Toasts, and the two regions that only screen readers meet. */
import { Icon } from "../../components/icon.js";
import { t } from "../../lib/text.js";
import { complain, dismiss, pause, resume, spoken, spokenLog, toasts } from "../../state/notices.js";
import { html } from "../../vendor/html.js";

/** What was done, with the way back. */
export function Toasts() {
  return html`<div class="toasts" role="region" aria-label=${t("frame.notices")} aria-live="polite">
    ${toasts.value.map((entry) => html`<${Toast} key=${entry.id} entry=${entry} />`)}
  </div>`;
}

function Toast({ entry }) {
  const undo = async () => {
    dismiss(entry.id);
    try {
      await entry.undo();
    } catch (error) {
      complain(error);
    }
  };
  return html`<div class=${`toast ${entry.kind}`} onMouseEnter=${() => pause(entry.id)} onMouseLeave=${() => resume(entry.id)} onFocusIn=${() => pause(entry.id)}>
    <span class="grow">${entry.text}</span>
    ${entry.undo && html`<button type="button" class="button small" onClick=${undo}>${t("action.undo")}</button>`}
    <button type="button" class="icon-button" aria-label=${t("action.dismiss")} onClick=${() => dismiss(entry.id)}><${Icon} name="close" /></button>
  </div>`;
}

/** A polite status, and a log of whole messages; never single words. */
export function Regions() {
  return html`<div class="hidden" role="status" aria-live="polite">${spoken.value}</div>
    <div class="hidden" role="log" aria-live="polite" aria-label=${t("frame.log")}>
      ${spokenLog.value.map((entry) => html`<p key=${entry.id}>${entry.text}</p>`)}
    </div>`;
}
