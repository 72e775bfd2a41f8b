/** One message in a list: when, from whom to whom, what kind, and its words. */
import { logPath } from "../../lib/bus-address.js";
import { t } from "../../lib/text.js";
import { wordsOf } from "../../state/bus-message.js";
import { html } from "../../vendor/html.js";
import { DeliveryState } from "./delivery-state.js";
import { Instant, Way } from "./signs.js";

const SHOWN_CHARACTERS = 300;

/** @param {{message: import("../../state/bus-log.js").Message|undefined, filter: any, shown: boolean, client: string|null}} props */
export function MessageRow({ message, filter, shown, client }) {
  if (!message) return null;
  const { id, type, timestamp, requires_ack: ack } = message;
  return html`<a class="bus-row" href=${logPath(filter, id)} aria-current=${shown ? "true" : undefined}>
    <${Instant} at=${timestamp} />
    <${Way} message=${message} />
    <span class="bus-kind"><span class="badge cut" dir="auto">${type}</span>${ack && html`<span class="badge" title=${t("log.ack_long")}>${t("log.ack")}</span>`}${client && html`<${DeliveryState} id=${id} client=${client} />`}</span>
    <span class="bus-words cut" dir="auto">${wordsOf(message).slice(0, SHOWN_CHARACTERS)}</span>
  </a>`;
}
