/** Tokens for the programs on the bus: the same list as in the settings, and one click for a client. */
import { Later } from "../../components/later.js";
import { t } from "../../lib/text.js";
import { clients, loadClients } from "../../state/bus.js";
import { session } from "../../state/session.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { doors } from "../shell/parts.js";
import { rememberToken } from "./snippets.js";

/** The part `tokens`. */
export function TokensPage() {
  return html`<h2>${t("agents.tokens")}</h2>
    ${session.value?.password_set
      ? html`<${ForClient} /><div class="security"><${Later} load=${doors} name="Tokens" /></div>`
      : html`<div class="card stack tight"><strong>${t("bus_tokens.open")}</strong><p>${t("bus_tokens.open_text")}</p><p>${t("security.open_how")} <code>inglenook password</code></p></div>`}`;
}

function ForClient() {
  const [client, setClient] = useState("");
  useEffect(() => {
    if (!clients.peek()) loadClients().catch(() => {});
  }, []);
  return html`<section class="card stack tight" aria-labelledby="client-token">
    <h3 id="client-token">${t("bus_tokens.for_client")}</h3><p class="hint">${t("bus_tokens.for_client_text")}</p>
    <label class="field narrow-field"><span>${t("connect.name")}</span>
      <input class="input" list="token-clients" value=${client} maxlength="64" pattern="[A-Za-z0-9._\\-]+" autocomplete="off" autocapitalize="off" spellcheck=${false} dir="ltr" onInput=${(event) => setClient(event.currentTarget.value.trim())} /></label>
    <datalist id="token-clients">${(clients.value ?? []).map(({ id }) => html`<option key=${id} value=${id}></option>`)}</datalist>
    ${client && html`<${Later} load=${doors} name="ClientToken" client=${client} onMade=${(token) => rememberToken(client, token)} />`}
  </section>`;
}
