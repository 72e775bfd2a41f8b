/** Every host that was ever contacted, when and why: what "private" means, to be checked. */
import { Moment } from "../../components/moment.js";
import { t } from "../../lib/text.js";
import { sentence } from "../../state/notices.js";
import { loadOutbound, outbound } from "../../state/security.js";
import { html } from "../../vendor/html.js";
import { Loading, useLoading } from "../settings/loading.js";

/** The table. */
export function Outbound() {
  const state = useLoading(loadOutbound);
  const now = outbound.value;
  return html`<section aria-labelledby="outbound">
    <div class="row wrap"><h3 id="outbound">${t("outbound.title")}</h3>${now?.offline && html`<span class="badge good">${t("outbound.offline")}</span>`}</div>
    <p class="hint">${t(now?.offline ? "outbound.offline_text" : "outbound.intro")}</p>
    ${!now ? html`<${Loading} state=${state} />` : now.items.length === 0 ? html`<p class="card">${t("outbound.none")}</p>` : html`<${Table} items=${now.items} />`}
  </section>`;
}

function Table({ items }) {
  return html`<div class="table-box" tabindex="0" role="group" aria-label=${t("outbound.title")}><table class="facts">
    <thead><tr>${["host", "purpose", "requests", "first", "last"].map((head) => html`<th key=${head} scope="col">${t(`outbound.${head}`)}</th>`)}</tr></thead>
    <tbody>${items.map(
      (entry) => html`<tr key=${`${entry.host} ${entry.purpose}`}>
        <th scope="row"><code>${entry.host}</code>${entry.last_error && html`<span class="hint">${sentence(entry.last_error)}</span>`}</th>
        <td>${purposeOf(entry.purpose)}</td>
        <td class="number">${t("outbound.count", { n: entry.requests })}${entry.refused > 0 && html`<br /><span class="badge warn">${t("outbound.refused", { n: entry.refused })}</span>`}</td>
        <td class="when"><${Moment} at=${entry.first_at} /></td><td class="when"><${Moment} at=${entry.last_at} /></td>
      </tr>`,
    )}</tbody>
  </table></div>`;
}

/** A purpose that this page does not know yet is shown as the server calls it. */
function purposeOf(purpose) {
  const key = `purpose.${purpose}`;
  const text = t(key);
  return text === key ? purpose : text;
}
