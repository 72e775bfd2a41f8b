/** What is shown while nobody was ever seen on the bus: what it is for, and the first program to try. */
import { t } from "../../lib/text.js";
import { html } from "../../vendor/html.js";
import { Snippets } from "./snippets.js";

/** Three lines and something to copy. */
export function FirstAgent() {
  return html`<section class="first-agent stack" aria-labelledby="first-agent">
    <h3 id="first-agent">${t("first_agent.title")}</h3>
    <ol class="first-steps plain-list">${["send", "wait", "see"].map(
      (name, at) => html`<li key=${name}><span class="cite-number" aria-hidden="true">${at + 1}</span><div><strong>${t(`first_agent.${name}`)}</strong><p class="hint">${t(`first_agent.${name}_text`)}</p></div></li>`,
    )}</ol>
    <${Snippets} client="first-agent" short />
    <p><a href="/agents/connect">${t("first_agent.more")}</a> · <a href="/agents/send">${t("first_agent.try")}</a></p>
  </section>`;
}
