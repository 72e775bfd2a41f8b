/** The agents and the bus between them: one page with its parts, each at an address of its own. */
import { clientPath, PARTS } from "../../lib/bus-address.js";
import { go, route } from "../../lib/router.js";
import { showCurrent } from "../../lib/strip.js";
import { t } from "../../lib/text.js";
import { useEffect, useRef } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { TopBar } from "../shell/top-bar.js";
import { ClientPage } from "./client-page.js";
import { ConnectPage } from "./connect-page.js";
import { LogPage } from "./log-page.js";
import { Overview } from "./overview.js";
import { SendPage } from "./send-page.js";
import { TokensPage } from "./tokens-page.js";
import { WebhooksPage } from "./webhooks-page.js";

const SHOWN = { overview: Overview, log: LogPage, send: SendPage, webhooks: WebhooksPage, tokens: TokensPage, connect: ConnectPage };

/** `/agents`, `/agents/{part}`, `/agents/clients/{id}`, `/agents/log/{message}`. */
export function AgentsPage() {
  const { section, id } = route.value;
  const client = section === "clients" ? id : null;
  const known = !section || section === "clients" || PARTS.includes(section);
  const part = known && section && section !== "clients" ? section : "overview";
  const nav = useRef(null);
  // Anything else is taken for a client.
  useEffect(() => {
    if (!known) go(clientPath(section), true);
  }, [known, section]);
  useEffect(() => {
    document.title = `${client ?? (part === "overview" ? t("agents.title") : t(`agents.${part}`))} · Inglenook`;
    showCurrent(nav.current);
  }, [part, client]);
  const Part = SHOWN[part];
  return html`<div class="agents">
    <${TopBar}><h1 class="grow cut">${t("agents.title")}</h1><//>
    <nav ref=${nav} class="settings-nav agents-nav" aria-label=${t("agents.parts")}>
      ${["overview", ...PARTS].map((name) => html`<a key=${name} href=${name === "overview" ? "/agents" : `/agents/${name}`} aria-current=${name === part ? (client ? "true" : "page") : undefined}>${t(`agents.${name}`)}</a>`)}
    </nav>
    ${part === "log" ? html`<${LogPage} />` : html`<div class="agents-body" key=${client ?? part}>${client ? html`<${ClientPage} id=${client} />` : html`<${Part} />`}</div>`}
  </div>`;
}
