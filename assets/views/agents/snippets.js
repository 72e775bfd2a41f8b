/** Programs and settings to copy, with the address of this very page, the client and its token filled in. */
import { CodeBox } from "../../components/code-box.js";
import { languageOf, snippet } from "../../lib/bus-snippets.js";
import { t } from "../../lib/text.js";
import { session } from "../../state/session.js";
import { useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { signal } from "../../vendor/signals.js";

const ALL = ["python", "javascript", "curl", "mcp"];

/** The token that was made last, for as long as the page stands; it is kept nowhere else. */
const made = signal(/** @type {{client: string, token: string}|null} */ (null));

/** Fills a token that was just made into the snippets of its client. */
export function rememberToken(/** @type {string} */ client, /** @type {string} */ token) {
  made.value = { client, token };
}

/** The token for a client's snippets: the one just made, a place for it, or null where none is asked for. */
function tokenOf(client) {
  if (!session.value?.password_set) return null;
  return made.value?.client === client ? made.value.token : t("connect.token_here");
}

/** @param {{client: string, short?: boolean}} props `short`: only what sends and listens */
export function Snippets({ client, short = false }) {
  const [name, setName] = useState("python");
  const token = tokenOf(client);
  const facts = { origin: location.origin, client, token };
  const box = (which) => html`<${CodeBox} key=${which} text=${snippet(which, facts)} language=${languageOf(which)} />`;
  return html`<div class="stack tight snippets">
    <div class="row wrap" role="group" aria-label=${t("connect.languages")}>
      ${ALL.filter((which) => !short || which !== "mcp").map((which) => html`<button key=${which} type="button" class="button small" aria-pressed=${name === which ? "true" : "false"} onClick=${() => setName(which)}>${t(`connect.${which}`)}</button>`)}
    </div>
    <p class="hint">${t(`connect.${name}_text`)}</p>
    ${box(name)}
    ${name === "mcp" && html`<p class="hint">${t("connect.mcp_stdio_text")}</p>${box("mcp_stdio")}`}
    ${token === t("connect.token_here") && html`<p class="hint">${t("connect.needs_token")} <a href="/agents/tokens">${t("agents.tokens")}</a></p>`}
  </div>`;
}
