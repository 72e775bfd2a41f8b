/** Where the breaker of each provider stands: an open one keeps agents from asking a server that is down. */
import { t } from "../../lib/text.js";
import { providers, resetProvider } from "../../state/models.js";
import { complain } from "../../state/notices.js";
import { loadStatus, status } from "../../state/server.js";
import { useEffect } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { Loading, useLoading } from "../settings/loading.js";

const TONES = { closed: "good", half_open: "warn", open: "bad" };

/** For administrators. */
export function Breakers() {
  const state = useLoading(loadStatus);
  // The providers are fetched again whenever a breaker moves.
  const moved = JSON.stringify(providers.value.map(({ id, breaker }) => [id, breaker?.state]));
  useEffect(() => {
    if (status.peek()) loadStatus().catch(() => {});
  }, [moved]);
  const list = status.value?.breakers;
  return html`<section class="stack tight" aria-labelledby="breakers">
    <h3 id="breakers">${t("breakers.title")}</h3>
    <p class="hint">${t("breakers.intro")}</p>
    ${!list
      ? html`<${Loading} state=${state} />`
      : list.length === 0
        ? html`<p class="hint">${t("breakers.none")} <a href="/settings/models">${t("breakers.add")}</a></p>`
        : html`<ul class="plain-list stack tight">${list.map((entry) => html`<${Entry} key=${entry.provider_id} entry=${entry} />`)}</ul>`}
  </section>`;
}

function Entry({ entry: { provider_id: id, name, state } }) {
  const facts = providers.value.find((provider) => provider.id === id)?.breaker;
  const reset = () => resetProvider(id).then(loadStatus).catch(complain);
  return html`<li class="card row wrap">
    <strong class="grow" dir="auto">${name}</strong>
    ${state !== "closed" && facts?.opens_again_in_seconds > 0 && html`<span class="hint">${t("breaker.again", { n: Math.ceil(facts.opens_again_in_seconds) })}</span>`}
    <span class=${`badge ${TONES[state] ?? ""}`}>${t(`breakers.${state}`)}</span>
    ${state !== "closed" && html`<button type="button" class="button small" aria-label=${`${t("breaker.reset")}: ${name}`} onClick=${reset}>${t("breaker.reset")}</button>`}
  </li>`;
}
