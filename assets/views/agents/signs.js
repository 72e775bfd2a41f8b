/** Small signs of the bus: whether a client is there, how far a message came, who wrote to whom. */
import { Icon } from "../../components/icon.js";
import { t } from "../../lib/text.js";
import { exact, toSecond } from "../../lib/time.js";
import { recipientsOf } from "../../state/bus-message.js";
import { html } from "../../vendor/html.js";

const PRESENCE = { online: "good", away: "", unknown: "" };
const TONES = { stored: "warn", delivered: "good", acknowledged: "good", expired: "bad", timeout: "bad" };
const SHOWN_RECIPIENTS = 3;

/** @param {{state: string}} props */
export function Presence({ state }) {
  return html`<span class="presence"><span class=${`dot ${PRESENCE[state] ?? ""}`} aria-hidden="true"></span>${t(`presence.${state}`)}</span>`;
}

/** @param {{state: string}} props */
export function Progress({ state }) {
  return html`<span class=${`badge ${TONES[state] ?? ""}`}>${t(`delivery.${state}`)}</span>`;
}

/** An instant to the second; a dash where there was none. @param {{at: string|null}} props */
export function Instant({ at }) {
  return at ? html`<time class="moment" dateTime=${at} title=${exact(at)}>${toSecond(at)}</time>` : "–";
}

/** Sender and recipients; many are counted. @param {{message: import("../../state/bus-log.js").Message}} props */
export function Way({ message }) {
  const all = recipientsOf(message);
  const shown = all.slice(0, SHOWN_RECIPIENTS).map((id) => (id === "all" ? t("agents.everybody") : id));
  const rest = all.length - shown.length;
  return html`<span class="bus-way"><bdi>${message.from}</bdi><${Icon} name="right" class="turns" /><span class="hidden"> ${t("agents.way_to")} </span><bdi>${shown.join(", ")}${rest > 0 && ` +${rest}`}</bdi></span>`;
}
