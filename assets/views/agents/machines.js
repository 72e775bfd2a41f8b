/** The processes that are one bus, where Redis joins several; and whether Redis is there. */
import { t } from "../../lib/text.js";
import { followBus } from "../../state/bus.js";
import { loadStatus, status } from "../../state/server.js";
import { useEffect } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { Instant } from "./signs.js";

// Nothing tells a page that Redis or another machine went away.
const LOOK_MS = 5000;

/** For administrators; nothing where this machine is alone. */
export function Machines() {
  const { nodes, checks } = status.value ?? {};
  const several = Boolean(nodes);
  useEffect(() => {
    if (!several) return;
    const look = () => (document.hidden ? null : loadStatus().catch(() => {}));
    const timer = setInterval(look, LOOK_MS);
    const stop = followBus(loadStatus);
    return () => {
      clearInterval(timer);
      stop();
    };
  }, [several]);
  if (!nodes) return null;
  const { status: link, away_since: since, to_forward: n } = checks?.redis ?? {};
  return html`<section class="stack tight" aria-labelledby="machines">
    <h3 id="machines">${t("machines.title")}</h3>
    <p class="hint">${t("machines.intro")}</p>
    <p class="wrong" role="status">${link === "away" && html`${t("machines.away")} ${since && html`(<${Instant} at=${since} />)`} ${n > 0 && t("machines.to_forward", { n })}`}</p>
    <ul class="plain-list stack tight">${nodes.map((node, at) => html`<${Machine} key=${node.node} node=${node} here=${at === 0} />`)}</ul>
  </section>`;
}

function Machine({ node: { node, online, waiting, sent }, here }) {
  return html`<li class="card row wrap">
    <code class="grow" dir="ltr" title=${node}>${node.slice(-8)}</code>
    ${here && html`<span class="badge good">${t("machines.here")}</span>`}
    <span class="hint">${t("machines.online", { n: online })} · ${t("machines.waiting", { n: waiting })} · ${t("machines.sent", { n: sent })}</span>
  </li>`;
}
