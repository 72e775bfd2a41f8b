/** Tokens for programs: each may do a few things, is shown once, and can be revoked. */
import { Icon } from "../../components/icon.js";
import { Moment } from "../../components/moment.js";
import { t } from "../../lib/text.js";
import { toast } from "../../state/notices.js";
import { loadTokens, revokeToken, tokens } from "../../state/security.js";
import { useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { Loading, useLoading } from "../settings/loading.js";
import { Once } from "./once.js";
import { SureButton } from "./sure-button.js";
import { TokenForm } from "./token-form.js";

/** The list, with a way to another one. */
export function Tokens() {
  const state = useLoading(loadTokens);
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState(/** @type {any} */ (null));
  const list = tokens.value;
  const done = (token) => {
    setMade(token);
    setMaking(false);
  };
  return html`<section aria-labelledby="tokens">
    <div class="row apart wrap"><h3 id="tokens">${t("tokens.title")}</h3>
      ${!making && html`<button type="button" class="button" onClick=${() => (setMade(null), setMaking(true))}><${Icon} name="plus" />${t("tokens.new")}</button>`}</div>
    <p class="hint">${t("tokens.intro")}</p>
    ${making && html`<${TokenForm} onMade=${done} onClose=${() => setMaking(false)} />`}
    ${made && html`<${Once} title=${t("tokens.made", { name: made.name })} text=${t("tokens.once")} value=${made.token} onDone=${() => setMade(null)} />`}
    ${!list
      ? html`<${Loading} state=${state} />`
      : list.length === 0
        ? html`<p class="hint">${t("tokens.none")}</p>`
        : html`<ul class="list">${list.map((token) => html`<li key=${token.id} class="card"><${Token} token=${token} onGone=${() => made?.id === token.id && setMade(null)} /></li>`)}</ul>`}
  </section>`;
}

function Token({ token, onGone }) {
  const { id, name, scopes, client_id: client, hint, created_at, expires_at, last_used_at } = token;
  const revoke = async () => {
    await revokeToken(id);
    onGone();
    toast({ text: t("tokens.revoked", { name }) });
  };
  return html`<div class="grow">
      <p><strong dir="auto">${name}</strong> <code>${hint}</code> ${scopes.map((scope) => html`<span key=${scope} class="badge">${t(`scope_of.${scope}`)}</span> `)}</p>
      <p class="hint">${client && html`${t("tokens.client_is")} <code>${client}</code> · `}${t("tokens.created")} <${Moment} at=${created_at} /> ·
        ${last_used_at ? html` ${t("sessions.used")} <${Moment} at=${last_used_at} />` : ` ${t("tokens.unused")}`}
        ${expires_at && html` · ${t("tokens.until")} <${Moment} at=${expires_at} />`}</p>
    </div>
    <${SureButton} label=${t("tokens.revoke")} of=${name} run=${revoke} />`;
}
