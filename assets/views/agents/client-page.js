/** One client: whether it is there, what it counts, what waits for it, and every message from or to it. */
import { Icon } from "../../components/icon.js";
import { Later } from "../../components/later.js";
import { Moment } from "../../components/moment.js";
import { sendPath } from "../../lib/bus-address.js";
import { t } from "../../lib/text.js";
import { latency } from "../../lib/time.js";
import { loadClient } from "../../state/bus.js";
import { session } from "../../state/session.js";
import { html } from "../../vendor/html.js";
import { Loading } from "../settings/loading.js";
import { doors } from "../shell/parts.js";
import { ClientMessages } from "./client-messages.js";
import { useFetched } from "./fetched.js";
import { Presence } from "./signs.js";
import { rememberToken } from "./snippets.js";

const COUNTERS = ["in", "out", "queued", "expired", "deduplicated", "overflows", "redelivered"];

/** @param {{id: string}} props */
export function ClientPage({ id }) {
  const state = useFetched(() => loadClient(id), [id]);
  const client = state.value;
  const never = !state.busy && !state.error && !client;
  return html`<div class="row wrap">
      <a class="icon-button" href="/agents" aria-label=${t("agents.back")} title=${t("agents.back")}><${Icon} name="left" class="turns" /></a>
      <h2 class="client-name"><bdi>${id}</bdi></h2>
      ${client && html`<${Presence} state=${client.state} />`}
      <span class="grow"></span>
      <a class="button" href=${sendPath({ to: id })}><${Icon} name="send" />${t("agents.write_to")}</a>
    </div>
    ${!client && html`<${Loading} state=${state} />`}
    ${never && html`<p class="card">${t("agents.never_seen")} <a href="/agents/connect">${t("agents.connect_it")}</a></p>`}
    ${client && html`<${Facts} client=${client} /><${Connections} list=${client.connections} />`}
    ${session.value?.password_set && html`<${Later} key=${id} load=${doors} name="ClientToken" client=${id} onMade=${(token) => rememberToken(id, token)} />`}
    ${(client || never) && html`<${ClientMessages} id=${id} waiting=${client?.waiting ?? 0} />`}`;
}

function Facts({ client }) {
  const { counters, first_seen_at: first, last_seen_at: last } = client;
  const number = (n) => t("agents.number", { n: n ?? 0 });
  const when = (at) => (at ? html`<${Moment} at=${at} />` : t("agents.never"));
  const facts = [
    ["waiting", number(client.waiting)],
    ["connections", number(client.connections.length)],
    ...COUNTERS.map((name) => [name, number(counters[name])]),
    ["average", latency(counters.send_ms_avg)],
    ["latency", latency(counters.send_ms_p95)],
    ["first", when(first)],
    ["seen", when(last)],
  ];
  return html`<dl class="client-facts">${facts.map(([name, value]) => html`<div key=${name}><dt>${t(`agents.${name}_long`)}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function Connections({ list }) {
  if (!list.length) return html`<p class="hint">${t("agents.no_connection")}</p>`;
  return html`<section class="stack tight" aria-labelledby="connections"><h3 id="connections">${t("agents.connections_long")}</h3>
    <ul class="plain-list stack tight">${list.map(
      ({ id, kind, since, address }) => html`<li key=${id} class="card row wrap connection">
        <strong>${t(`connection.${kind}`)}</strong><span class="hint">${t("connection.since")} <${Moment} at=${since} /></span>
        ${address && html`<code dir="ltr">${address}</code>`}<span class="grow"></span><code class="hint" dir="ltr">${id}</code>
      </li>`,
    )}</ul></section>`;
}
