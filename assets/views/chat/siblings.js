/** Which of several versions of a message is shown: `2/3`, with the way to the others. */
import { Icon } from "../../components/icon.js";
import { t } from "../../lib/text.js";
import { select } from "../../state/asking.js";
import { html } from "../../vendor/html.js";

/** @param {{conversation: string, message: any}} props */
export function Siblings({ conversation, message }) {
  const ids = message.sibling_ids ?? [];
  if (ids.length < 2) return null;
  const at = ids.indexOf(message.id);
  const step = (by, icon, label) => html`<button type="button" class="icon-button" disabled=${!ids[at + by]} aria-label=${t(label)} title=${t(label)}
    onClick=${() => select(conversation, ids[at + by])}><${Icon} name=${icon} class="turns" /></button>`;
  return html`<span class="siblings" role="group" aria-label=${t("siblings.title")}>
    ${step(-1, "left", "siblings.previous")}<span>${at + 1}/${ids.length}</span>${step(1, "right", "siblings.next")}
  </span>`;
}
