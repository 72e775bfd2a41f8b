/** Everybody on the bus at a glance, the machines that are one bus, and the breakers of the providers that agents are answered by. */
import { t } from "../../lib/text.js";
import { clientRound, clients, followBus, loadClients } from "../../state/bus.js";
import { may } from "../../state/session.js";
import { useEffect } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { Loading, useLoading } from "../settings/loading.js";
import { Breakers } from "./breakers.js";
import { ClientTable } from "./client-table.js";
import { FirstAgent } from "./first-agent.js";
import { Machines } from "./machines.js";

/** The part `overview`. */
export function Overview() {
  const state = useLoading(loadClients);
  useEffect(() => followBus(clientRound()), []);
  const list = clients.value;
  return html`<h2 class="hidden">${t("agents.overview")}</h2>
    ${!list ? html`<${Loading} state=${state} />` : list.length === 0 ? html`<${FirstAgent} />` : html`<${Counts} list=${list} /><${ClientTable} list=${list} />`}
    ${list && may("admin") && html`<${Machines} /><${Breakers} />`}`;
}

function Counts({ list }) {
  const online = list.filter(({ state }) => state === "online").length;
  const sum = (of) => list.reduce((total, client) => total + of(client), 0);
  const facts = [
    ["clients", list.length],
    ["online", online],
    ["connections", sum(({ connections }) => connections.length)],
    ["waiting", sum(({ waiting }) => waiting)],
  ];
  return html`<dl class="bus-counts">${facts.map(([name, n]) => html`<div key=${name} class="card"><dt>${t(`agents.count_${name}`)}</dt><dd>${t("agents.number", { n })}</dd></div>`)}</dl>`;
}
