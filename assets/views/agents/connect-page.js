/** How a program comes onto the bus: its name, its token, and the lines to copy. */
import { Icon } from "../../components/icon.js";
import { Later } from "../../components/later.js";
import { t } from "../../lib/text.js";
import { session } from "../../state/session.js";
import { useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { copy } from "../shell/actions.js";
import { doors } from "../shell/parts.js";
import { rememberToken, Snippets } from "./snippets.js";

const CLIENT = /^[A-Za-z0-9._-]{1,64}$/;
const DEFAULT = "my-agent";

/** The part `connect`. */
export function ConnectPage() {
  const [name, setName] = useState(DEFAULT);
  const good = CLIENT.test(name);
  const client = good ? name : DEFAULT;
  const { origin } = location;
  const addresses = [
    ["http", `${origin}/api/v1`],
    ["websocket", `${origin.replace(/^http/, "ws")}/ws/${client}`],
    ["sse", `${origin}/api/v1/subscribe?client=${client}`],
    ["mcp_address", `${origin}/mcp`],
  ];
  return html`<h2>${t("agents.connect")}</h2><p class="hint">${t("connect.intro")}</p>
    <label class="field narrow-field"><span>${t("connect.name")}</span>
      <input class="input" value=${name} maxlength="64" autocomplete="off" autocapitalize="off" spellcheck=${false} dir="ltr" aria-invalid=${good ? undefined : "true"} aria-describedby="connect-name-hint" onInput=${(event) => setName(event.currentTarget.value.trim())} />
      <span id="connect-name-hint" class=${good ? "hint" : "wrong"}>${t("connect.name_hint")}</span></label>
    ${session.value?.password_set ? html`<${Later} key=${client} load=${doors} name="ClientToken" client=${client} onMade=${(token) => rememberToken(client, token)} />` : html`<p class="hint">${t("connect.no_token")}</p>`}
    <${Snippets} client=${client} />
    <h3>${t("connect.addresses")}</h3>
    <ul class="plain-list stack tight">${addresses.map(
      ([kind, address]) => html`<li key=${kind} class="row wrap address"><strong>${t(`connect.${kind}`)}</strong><code class="grow" dir="ltr">${address}</code>
        <button type="button" class="icon-button" aria-label=${`${t("action.copy")}: ${t(`connect.${kind}`)}`} title=${t("action.copy")} onClick=${() => copy(address)}><${Icon} name="copy" /></button></li>`,
    )}</ul>
    <p class="hint">${t("connect.more")} <a href="/api/docs">${t("connect.reference")}</a></p>`;
}
