/** Exactly what a model was sent for an answer. */
import { t } from "../../lib/text.js";
import { countLabel } from "../../lib/tokens.js";
import { loadTurn } from "../../state/asking.js";
import { reasonOf } from "../../state/notices.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";

/** @param {{turn: string}} props */
export function PromptView({ turn }) {
  const [loaded, setLoaded] = useState(null);
  const [error, setError] = useState(null);
  useEffect(() => {
    loadTurn(turn).then(setLoaded, setError);
  }, [turn]);
  if (error) return html`<p class="empty">${reasonOf(error)}</p>`;
  if (!loaded) return html`<p class="empty"><span class="spinner"></span></p>`;
  const { prompt, model } = loaded;
  if (!prompt) return html`<p class="empty">${t("prompt_view.none")}</p>`;
  const options = Object.entries(prompt.options ?? {}).filter(([, value]) => value !== null && value !== undefined);
  const fact = (label, value) => html`<div class="fact"><dt>${t(label)}</dt><dd>${value}</dd></div>`;
  return html`<p class="hint">${t("prompt_view.intro")}</p>
    <dl class="facts-list">
      ${fact("prompt_view.model", model?.replace(/^prov_[0-9a-f]+\//, "") ?? "")}
      ${fact("prompt_view.tokens", `${prompt.estimated ? "≈ " : ""}${countLabel(prompt.tokens)}${prompt.budget ? ` / ${countLabel(prompt.budget)}` : ""}`)}
      ${prompt.dropped > 0 && fact("prompt_view.dropped", t("prompt_view.dropped_n", { n: prompt.dropped }))}
      ${prompt.tools?.length > 0 && fact("prompt_view.tools", prompt.tools.map(({ name }) => name).join(", "))}
      ${options.map(([name, value]) => html`<div class="fact"><dt>${name}</dt><dd>${JSON.stringify(value)}</dd></div>`)}
    </dl>
    <ol class="plain-list stack tight">
      ${prompt.messages.map(
        (message, index) => html`<li key=${index} class="card prompt-message">
          <span class="badge">${t(`role.${message.role}`)}${message.tool && ` · ${message.tool}`}</span>
          <pre dir="auto" tabindex="0">${typeof message.content === "string" ? message.content : JSON.stringify(message.content, null, 2)}</pre>
          ${message.calls?.map((call, n) => html`<p key=${n} class="hint">${t("prompt_view.calls", { name: call.name })}</p><pre dir="auto" tabindex="0">${call.arguments}</pre>`)}
        </li>`,
      )}
    </ol>`;
}
