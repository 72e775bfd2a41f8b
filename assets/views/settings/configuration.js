/** The settings of the server, each with its value and where that comes from. They are changed in config.sh, not here. */
import { Moment } from "../../components/moment.js";
import { t } from "../../lib/text.js";
import { config, configError, loadConfig } from "../../state/server.js";
import { useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { copy } from "../shell/actions.js";
import { Loading, useLoading } from "./loading.js";

/** The part `configuration` of the settings. */
export function ConfigurationSection() {
  const state = useLoading(loadConfig);
  const [query, setQuery] = useState("");
  const [changed, setChanged] = useState(false);
  if (!config.value) return html`<${Loading} state=${state} />`;
  const { path, loaded_at: loadedAt, items } = config.value;
  const words = query.toLowerCase().split(/\s+/);
  const fitting = items.filter((item) => (!changed || item.layer !== "default") && words.every((word) => `${item.key} ${item.meaning} ${item.group}`.toLowerCase().includes(word)));
  return html`<p>${t("config.intro")}</p>
    <div class="card row apart wrap">
      <span class="grow">${path ? html`<code class="path">${path}</code>` : t("config.no_file")}
        ${loadedAt && html`<br /><span class="hint">${t("config.loaded")} <${Moment} at=${loadedAt} /></span>`}</span>
      ${path && html`<button type="button" class="button small" onClick=${() => copy(path)}>${t("action.copy")}</button>`}
    </div>
    <${Refused} error=${configError.value} />
    <div class="row wrap">
      <input class="input grow" type="search" placeholder=${t("config.search")} aria-label=${t("config.search")} value=${query} onInput=${(event) => setQuery(event.target.value)} />
      <label class="switch"><input type="checkbox" checked=${changed} onChange=${(event) => setChanged(event.target.checked)} />${t("config.only_changed")}</label>
    </div>
    ${fitting.length === 0 && html`<p class="hint">${t("config.no_match")}</p>`}
    ${groupsOf(fitting).map(([group, rows]) => html`<${Group} key=${group} name=${group} rows=${rows} />`)}`;
}

function Refused({ error }) {
  if (!error) return null;
  const problems = (error.problems ?? []).map((problem) => (typeof problem === "string" ? problem : (problem.text ?? problem.message ?? JSON.stringify(problem))));
  return html`<div class="card trouble" role="alert">
    <strong>${t("config.refused")}</strong>
    ${problems.length > 0 ? html`<ul>${problems.map((problem) => html`<li key=${problem}><pre class="problem">${problem}</pre></li>`)}</ul>` : html`<p>${error.message ?? String(error)}</p>`}
  </div>`;
}

function Group({ name, rows }) {
  return html`<div class="table-box" tabindex="0" role="region" aria-label=${name}>
    <table class="facts config">
      <caption>${name}</caption>
      <thead><tr>${["key", "value", "layer"].map((head) => html`<th key=${head} scope="col">${t(`config.${head}`)}</th>`)}</tr></thead>
      <tbody>${rows.map((item) => html`<${Setting} key=${item.key} item=${item} />`)}</tbody>
    </table>
  </div>`;
}

function Setting({ item }) {
  const own = item.layer !== "default";
  return html`<tr class=${own ? "own" : ""}>
    <th scope="row"><code>${item.key}</code><span class="hint">${item.meaning}${!item.reloadable && ` · ${t("config.restart")}`}</span></th>
    <td><code class="value">${shownValue(item.value)}</code>${item.unit && html` <span class="hint">${item.unit}</span>`}
      ${own && html`<br /><span class="hint">${t("config.default_is", { value: shownValue(item.default) })}</span>`}</td>
    <td>${own ? html`<span class="badge warn">${t(`layer.${item.layer}`)}</span>` : html`<span class="hint">${t("layer.default")}</span>`}</td>
  </tr>`;
}

function shownValue(value) {
  if (value === null || value === undefined || value === "") return "–";
  return Array.isArray(value) ? value.join(", ") || "–" : String(value);
}

function groupsOf(items) {
  const groups = new Map();
  for (const item of items) groups.set(item.group, [...(groups.get(item.group) ?? []), item]);
  return [...groups];
}
