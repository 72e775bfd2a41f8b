/** The newest lines of the log, fetched again while they are looked at. */
import { Moment } from "../../components/moment.js";
import { t } from "../../lib/text.js";
import { loadLogs, logs } from "../../state/server.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { Loading, useLoading } from "./loading.js";

const LEVELS = ["error", "warn", "info", "debug", "trace"];
const EVERY_MS = 3000;
const LINES = 200;

/** The part `logs` of the settings. */
export function LogsSection() {
  const state = useLoading(() => loadLogs(LINES));
  const [level, setLevel] = useState("info");
  const [query, setQuery] = useState("");
  const [live, setLive] = useState(true);
  useEffect(() => {
    if (!live) return undefined;
    const timer = setInterval(() => document.visibilityState === "visible" && loadLogs(LINES).catch(() => {}), EVERY_MS);
    return () => clearInterval(timer);
  }, [live]);
  if (!logs.value.length && (state.busy || state.error)) return html`<${Loading} state=${state} />`;
  const least = LEVELS.indexOf(level);
  const words = query.toLowerCase().split(/\s+/);
  const fitting = logs.value.filter((line) => LEVELS.indexOf(line.level.toLowerCase()) <= least && words.every((word) => textOf(line).includes(word)));
  return html`<div class="row wrap">
      <label class="row"><span>${t("logs.level")}</span><select class="input" value=${level} onChange=${(event) => setLevel(event.target.value)}>
        ${LEVELS.map((entry) => html`<option key=${entry} value=${entry}>${t(`logs.${entry}`)}</option>`)}
      </select></label>
      <input class="input grow" type="search" placeholder=${t("logs.search")} aria-label=${t("logs.search")} value=${query} onInput=${(event) => setQuery(event.target.value)} />
      <label class="switch"><input type="checkbox" checked=${live} onChange=${(event) => setLive(event.target.checked)} />${t("logs.live")}</label>
    </div>
    ${fitting.length === 0 ? html`<p class="empty">${t("logs.none")}</p>` : html`<div class="table-box log" tabindex="0" role="region" aria-label=${t("settings.logs")}><table class="facts">
      <thead><tr>${["time", "level_head", "message"].map((head) => html`<th key=${head} scope="col">${t(`logs.${head}`)}</th>`)}</tr></thead>
      <tbody>${newestFirst(fitting).map((line, index) => html`<${Line} key=${`${line.timestamp}${index}`} line=${line} />`)}</tbody></table></div>`}`;
}

function Line({ line }) {
  const fields = Object.entries(line.fields ?? {});
  const tone = { error: "bad", warn: "warn" }[line.level.toLowerCase()] ?? "";
  return html`<tr><td class="when"><${Moment} at=${line.timestamp} /></td><td><span class=${`badge ${tone}`}>${line.level.toLowerCase()}</span></td>
    <td>${line.message} <span class="hint">${line.target}${fields.map(([key, value]) => ` ${key}=${typeof value === "string" ? value : JSON.stringify(value)}`)}</span></td></tr>`;
}

function newestFirst(lines) {
  return [...lines].sort((one, other) => (one.timestamp < other.timestamp ? 1 : -1));
}

function textOf(line) {
  return `${line.message} ${line.target} ${JSON.stringify(line.fields ?? {})}`.toLowerCase();
}
