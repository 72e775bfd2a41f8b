/** What this is, where it keeps things, and whose work is in it. */
import { Mark } from "../../components/icon.js";
import { t } from "../../lib/text.js";
import { duration } from "../../lib/time.js";
import { loadStatus, status } from "../../state/server.js";
import { may } from "../../state/session.js";
import { html } from "../../vendor/html.js";
import { Loading, useLoading } from "./loading.js";

/** Libraries in the page: name, licence, and the file that holds its text. */
const LIBRARIES = [
  ["Preact", "MIT", "preact"],
  ["Preact Signals", "MIT", "signals"],
  ["htm", "Apache-2.0", "htm"],
  ["marked", "MIT", "marked"],
  ["DOMPurify", "MPL-2.0 / Apache-2.0", "dompurify"],
  ["highlight.js", "BSD-3-Clause", "highlight"],
  ["KaTeX", "MIT", "katex"],
  ["Mermaid", "MIT", "mermaid"],
];

/** The part `about` of the settings. */
export function AboutSection() {
  return html`<div class="row about-mark"><${Mark} /><div><strong>Inglenook</strong><br /><span class="hint">${t("about.line")}</span></div></div>
    ${may("admin") && html`<${Server} />`}
    <h3>${t("about.libraries")}</h3>
    <ul class="libraries">${LIBRARIES.map(([name, licence, file]) => html`<li key=${name}><a href=${`/vendor/licences/${file}.txt`} target="_blank" rel="noopener">${name}</a> <span class="hint">${licence}</span></li>`)}</ul>
    <p class="hint">${t("about.own_licence")} <a href="/vendor/VENDOR.md" target="_blank" rel="noopener">${t("about.versions")}</a></p>`;
}

function Server() {
  const state = useLoading(loadStatus);
  return status.value ? html`<${Facts} facts=${status.value} />` : html`<${Loading} state=${state} />`;
}

function Facts({ facts }) {
  const rows = [
    ["version", facts.version],
    ["data_dir", facts.data_dir],
    ["address", facts.address],
    ["uptime", duration(facts.uptime_seconds * 1000)],
    ["database", facts.database?.size_bytes === undefined ? null : t("about.megabytes", { n: Math.round(facts.database.size_bytes / 104857.6) / 10 })],
  ];
  return html`<dl class="about">${rows.filter(([, value]) => value).map(([name, value]) => html`<div key=${name}><dt>${t(`about.${name}`)}</dt><dd>${value}</dd></div>`)}</dl>`;
}
