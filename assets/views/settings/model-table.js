/** Every model with what it can take and what it costs. */
import { locale, t } from "../../lib/text.js";
import { loadModels } from "../../state/models.js";
import { complain } from "../../state/notices.js";
import { useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";

const ABILITIES = ["vision", "tools", "reasoning", "embeddings", "reranking"];
const SHOWN = 100;

/** @param {{models: any[]}} props */
export function ModelTable({ models }) {
  const [query, setQuery] = useState("");
  const [busy, setBusy] = useState(false);
  const [all, setAll] = useState(false);
  const refresh = async () => {
    setBusy(true);
    await loadModels(true).catch(complain);
    setBusy(false);
  };
  const words = query.toLowerCase().split(/\s+/);
  const fitting = models.filter((model) => words.every((word) => `${model.name} ${model.provider_name}`.toLowerCase().includes(word)));
  const shown = all ? fitting : fitting.slice(0, SHOWN);
  return html`<div class="row apart wrap">
      <h3>${t("models.title", { n: models.length })}</h3>
      <div class="row">
        <input class="input" type="search" placeholder=${t("models.search")} aria-label=${t("models.search")} value=${query} onInput=${(event) => setQuery(event.target.value)} />
        <button type="button" class="button" disabled=${busy} onClick=${refresh}>${busy && html`<span class="spinner" aria-hidden="true"></span>`}${t("models.refresh")}</button>
      </div>
    </div>
    ${fitting.length === 0 && html`<p class="hint">${t(models.length ? "models.no_match" : "models.none")}</p>`}
    ${fitting.length > 0 && html`<div class="table-box" tabindex="0" role="region" aria-label=${t("settings.models")}>
      <table class="facts">
        <thead><tr>${["name", "where", "window", "abilities", "price"].map((name) => html`<th key=${name} scope="col">${t(`models.${name}`)}</th>`)}</tr></thead>
        <tbody>${shown.map((model) => html`<${Row} key=${model.id} model=${model} />`)}</tbody>
      </table>
    </div>`}
    ${fitting.length > shown.length && html`<div><button type="button" class="button" onClick=${() => setAll(true)}>${t("models.all", { n: fitting.length })}</button></div>`}`;
}

function Row({ model }) {
  const able = ABILITIES.filter((name) => model.capabilities?.[name]);
  return html`<tr>
    <th scope="row"><span class="model-name">${model.name}</span>
      <span class="hint">${model.provider_name}${!model.reachable && html` · <span class="wrong">${model.reason ?? t("models.unreachable")}</span>`}</span></th>
    <td>${t(model.local ? "models.local" : "models.remote")}</td>
    <td class="number">${model.context_window ? t("models.tokens", { n: model.context_window }) : "–"}</td>
    <td>${able.map((name) => html`<span key=${name} class="badge">${t(`ability.${name}`)}</span> `)}</td>
    <td class="number">${priceOf(model)}</td>
  </tr>`;
}

function priceOf({ local, price }) {
  if (!price) return local ? t("models.free") : "–";
  const money = new Intl.NumberFormat(locale(), { style: "currency", currency: "USD", maximumFractionDigits: 2 });
  return t("models.price_pair", { input: money.format(price.input_per_million), output: money.format(price.output_per_million) });
}
