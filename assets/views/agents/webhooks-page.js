/** Webhooks: addresses that are told what happens on the bus, and what could not be told. */
import { Icon } from "../../components/icon.js";
import { Later } from "../../components/later.js";
import { t } from "../../lib/text.js";
import { followBus } from "../../state/bus.js";
import { leaving } from "../../state/removals.js";
import { loadWebhooks, webhooks } from "../../state/webhooks.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { Loading, useLoading } from "../settings/loading.js";
import { doors } from "../shell/parts.js";
import { WebhookCard } from "./webhook-card.js";
import { WebhookForm } from "./webhook-form.js";

/** The part `webhooks`. */
export function WebhooksPage() {
  const state = useLoading(loadWebhooks);
  const [making, setMaking] = useState(false);
  const [made, setMade] = useState(/** @type {any} */ (null));
  useEffect(() => followBus(loadWebhooks, "webhooks"), []);
  const list = webhooks.value?.filter(({ id }) => !leaving.value.has(id));
  const done = (hook) => {
    setMade(hook);
    setMaking(false);
  };
  return html`<div class="row apart wrap"><h2>${t("agents.webhooks")}</h2>
      ${!making && html`<button type="button" class="button" onClick=${() => (setMade(null), setMaking(true))}><${Icon} name="plus" />${t("hooks.new")}</button>`}</div>
    <p class="hint">${t("hooks.intro")}</p>
    ${making && html`<${WebhookForm} onMade=${done} onClose=${() => setMaking(false)} />`}
    ${made?.secret && html`<${Later} load=${doors} name="Once" title=${t("hooks.secret", { url: made.url })} text=${t("hooks.secret_text")} value=${made.secret} onDone=${() => setMade(null)} />`}
    ${!list ? html`<${Loading} state=${state} />` : list.length === 0 ? html`<p class="empty">${t("hooks.none")}</p>` : html`<ul class="plain-list stack">${list.map((hook) => html`<li key=${hook.id}><${WebhookCard} hook=${hook} onSecret=${setMade} /></li>`)}</ul>`}`;
}
