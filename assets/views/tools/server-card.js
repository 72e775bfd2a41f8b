/** One server of tools: where it is, how it is, its tools, and what can be done with it. */
import { Menu } from "../../components/menu.js";
import { t } from "../../lib/text.js";
import { duration } from "../../lib/time.js";
import { complain, reasonOf, say, sentence } from "../../state/notices.js";
import { changeToolServer, removeToolServer, testToolServer } from "../../state/tools.js";
import { useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";

/** @param {{server: any, onEdit: () => void}} props */
export function ServerCard({ server, onEdit }) {
  const { id, name, enabled, everywhere, tools } = server;
  const [busy, setBusy] = useState(false);
  const [result, setResult] = useState(/** @type {any} */ (null));
  const test = async () => {
    setBusy(true);
    const answer = await testToolServer(id).catch((error) => ({ ok: false, error: reasonOf(error) }));
    setResult(answer);
    say(answer.ok ? t("tools.test_ok", { n: answer.tools, time: duration(answer.took_ms) }) : sentence(answer.error));
    setBusy(false);
  };
  const change = (body) => changeToolServer(id, body).catch(complain);
  const items = () => [
    { label: t("tools.edit"), icon: "edit", onSelect: onEdit },
    { label: t(enabled ? "tools.disable" : "tools.enable"), icon: enabled ? "stop" : "play", onSelect: () => change({ enabled: !enabled }) },
    { label: t("action.delete"), icon: "trash", danger: true, onSelect: () => removeToolServer(server) },
  ];
  return html`<article class=${`card stack tight tool-server ${enabled ? "" : "off"}`} aria-label=${name}>
    <div class="row wrap"><strong>${name}</strong><${Health} server=${server} /><span class="grow"></span>
      <button type="button" class="button small" disabled=${busy} aria-label=${`${t("tools.test")}: ${name}`} onClick=${test}>${busy && html`<span class="spinner" aria-hidden="true"></span>`}${t("tools.test")}</button>
      <${Menu} label=${t("row.menu", { title: name })} items=${items} /></div>
    <p class="hint"><code dir="ltr">${server.url ?? [server.program, ...server.args].join(" ")}</code>${server.token && ` · ${t("tools.token_is", { token: server.token })}`}</p>
    ${server.env.length > 0 && html`<p class="hint">${t("tools.env_is", { names: server.env.join(", ") })}</p>`}
    ${result ? html`<${Result} result=${result} />` : server.last_error && html`<p class="test bad">${sentence(server.last_error)}</p>`}
    <label class="switch"><input type="checkbox" checked=${everywhere} onChange=${(event) => change({ everywhere: event.currentTarget.checked })} /><span>${t("tools.everywhere")}</span></label>
    ${tools.length > 0 && html`<details><summary>${t("tools.count", { n: tools.length })}</summary><${Allowed} server=${server} onChange=${change} /></details>`}
  </article>`;
}

function Health({ server: { enabled, connected, last_error: error } }) {
  if (!enabled) return html`<span class="badge">${t("tools.off")}</span>`;
  if (error) return html`<span class="badge bad">${t("tools.trouble")}</span>`;
  return connected ? html`<span class="badge good">${t("tools.connected")}</span>` : html`<span class="badge">${t("tools.idle")}</span>`;
}

function Result({ result }) {
  if (result.ok) return html`<p class="test good">${t("tools.test_ok", { n: result.tools, time: duration(result.took_ms) })}</p>`;
  return html`<p class="test bad">${sentence(result.error)}</p>${result.said && html`<pre dir="auto" tabindex="0">${result.said}</pre>`}`;
}

/** Its tools, each of which may be called or not. */
function Allowed({ server: { tools, allowed }, onChange }) {
  const may = (name) => allowed === null || allowed.includes(name);
  const toggle = (name, on) => {
    const names = tools.map((tool) => tool.name).filter((other) => (other === name ? on : may(other)));
    onChange({ allowed: names.length === tools.length ? null : names });
  };
  return html`<ul class="plain-list stack tight tool-list">${tools.map(
    (tool) => html`<li key=${tool.name}><label class="switch"><input type="checkbox" checked=${may(tool.name)} onChange=${(event) => toggle(tool.name, event.currentTarget.checked)} /><span><strong>${tool.title}</strong> <span class=${`badge ${tool.read_only ? "" : "warn"}`}>${t(tool.read_only ? "tools.reads" : "tools.changes")}</span><br /><span class="hint">${tool.description}</span></span></label></li>`,
  )}</ul>`;
}
