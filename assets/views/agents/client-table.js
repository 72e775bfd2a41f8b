/** The clients in a table: who is there, what waits for them, how fast they are. */
import { Moment } from "../../components/moment.js";
import { clientPath } from "../../lib/bus-address.js";
import { t } from "../../lib/text.js";
import { latency } from "../../lib/time.js";
import { html } from "../../vendor/html.js";
import { Presence } from "./signs.js";

const PLACE = { online: 0, away: 1, unknown: 2 };

/** @param {{list: import("../../state/bus.js").Client[]}} props */
export function ClientTable({ list }) {
  const order = [...list].sort((one, other) => PLACE[one.state] - PLACE[other.state] || one.id.localeCompare(other.id));
  const heads = [["client"], ["state"], ["connections", "wide"], ["waiting", "number"], ["in", "wide"], ["out", "wide"], ["latency", "wide"], ["seen", "middle"]];
  return html`<div class="table-box" tabindex="0" role="group" aria-label=${t("agents.clients")}>
    <table class="facts clients">
      <thead><tr>${heads.map(([name, kind = ""]) => html`<th key=${name} scope="col" class=${kind} title=${name !== "client" && name !== "state" ? t(`agents.${name}_long`) : undefined}>${t(`agents.${name}`)}</th>`)}</tr></thead>
      <tbody>${order.map((client) => html`<${Row} key=${client.id} client=${client} />`)}</tbody>
    </table>
  </div>`;
}

function Row({ client }) {
  const { id, state, connections, waiting, counters, last_seen_at: seen } = client;
  const number = (n) => t("agents.number", { n: n ?? 0 });
  return html`<tr>
    <th scope="row"><a href=${clientPath(id)}><bdi>${id}</bdi></a></th>
    <td><${Presence} state=${state} /></td>
    <td class="number wide">${number(connections.length)}</td>
    <td class="number">${waiting > 0 ? html`<span class="badge warn">${number(waiting)}</span>` : number(0)}</td>
    <td class="number wide">${number(counters.in)}</td>
    <td class="number wide">${number(counters.out)}</td>
    <td class="number wide">${latency(counters.send_ms_p95)}</td>
    <td class="when middle">${seen ? html`<${Moment} at=${seen} />` : t("agents.never")}</td>
  </tr>`;
}
