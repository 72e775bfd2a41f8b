/** What was sent to a client, with how far each message came, and what it sent. */
import { t } from "../../lib/text.js";
import { logPath } from "../../lib/bus-address.js";
import { useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { LogList, useLog } from "./log-list.js";

const NOTHING = { from: "", to: "", type: "", text: "" };

/** @param {{id: string, waiting: number}} props */
export function ClientMessages({ id, waiting }) {
  const [side, setSide] = useState("to");
  return html`<section class="stack tight client-messages" aria-labelledby="client-messages">
    <div class="row wrap apart"><h3 id="client-messages">${t("agents.messages")}</h3>
      <a href=${logPath({ [side]: id })}>${t("agents.in_log")}</a></div>
    <div class="row wrap" role="group" aria-labelledby="client-messages">
      ${["to", "from"].map((name) => html`<button key=${name} type="button" class="button small" aria-pressed=${side === name ? "true" : "false"} onClick=${() => setSide(name)}>${t(`agents.sent_${name}`)}</button>`)}
      <span class="grow"></span><span class="hint" role="status">${t("agents.wait_for_it", { n: waiting })}</span>
    </div>
    <${Side} key=${side} id=${id} side=${side} />
  </section>`;
}

function Side({ id, side }) {
  const log = useLog({ ...NOTHING, [side]: id });
  return html`<${LogList} log=${log} filter=${NOTHING} client=${side === "to" ? id : null} none=${t(`agents.none_${side}`)} />`;
}
