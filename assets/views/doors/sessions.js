/** Where one is signed in, and how to end it there. */
import { Moment } from "../../components/moment.js";
import { deviceOf } from "../../lib/agents.js";
import { t } from "../../lib/text.js";
import { toast } from "../../state/notices.js";
import { endSession, loadSessions, sessions } from "../../state/security.js";
import { signOut } from "../../state/session.js";
import { html } from "../../vendor/html.js";
import { Loading, useLoading } from "../settings/loading.js";
import { SureButton } from "./sure-button.js";

/** The list. */
export function Sessions() {
  const state = useLoading(loadSessions);
  const list = sessions.value;
  return html`<section aria-labelledby="sessions">
    <h3 id="sessions">${t("sessions.title")}</h3>
    ${!list
      ? html`<${Loading} state=${state} />`
      : html`<ul class="list">${list.map((entry) => html`<li key=${entry.id} class="card"><${Session} entry=${entry} /></li>`)}</ul>
          <div><${SureButton} label=${t("sessions.everywhere")} run=${() => signOut(true)} /></div>`}
  </section>`;
}

function Session({ entry }) {
  const device = deviceWords(entry.agent);
  const end = () => endSession(entry.id).then(() => toast({ text: t("sessions.ended", { device }) }));
  return html`<div class="grow">
      <p><strong title=${entry.agent ?? ""}>${device}</strong> ${entry.current && html`<span class="badge good">${t("sessions.current")}</span>`}</p>
      <p class="hint">${entry.address} · ${t("sessions.used")} <${Moment} at=${entry.last_used_at ?? entry.created_at} /> · ${t("sessions.since")} <${Moment} at=${entry.created_at} /></p>
    </div>
    ${!entry.current && html`<${SureButton} label=${t("sessions.end")} of=${device} run=${end} />`}`;
}

function deviceWords(agent) {
  const { browser, system } = deviceOf(agent);
  if (browser && system) return t("sessions.device", { browser, system });
  return browser ?? system ?? (agent ? agent.slice(0, 60) : t("sessions.unknown"));
}
