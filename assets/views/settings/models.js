/** Where answers come from: servers found here, providers with their health, and every model they bring. */
import { Icon } from "../../components/icon.js";
import { t } from "../../lib/text.js";
import { addProvider, found, loadFound, loadModels, loadProviders, models, providers } from "../../state/models.js";
import { complain, toast } from "../../state/notices.js";
import { leaving } from "../../state/removals.js";
import { useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { Loading, useLoading } from "./loading.js";
import { ModelTable } from "./model-table.js";
import { ProviderCard } from "./provider-card.js";
import { ProviderForm } from "./provider-form.js";

/** The part `models` of the settings. */
export function ModelsSection() {
  const state = useLoading(() => Promise.all([loadProviders(), loadModels(), loadFound().catch(() => {})]));
  const [form, setForm] = useState(null);
  const shown = providers.value.filter((provider) => !leaving.value.has(provider.id));
  return html`<${FoundServers} />
    <div class="row apart">
      <h3>${t("providers.title")}</h3>
      <button type="button" class="button primary" onClick=${() => setForm({})}><${Icon} name="plus" />${t("providers.add")}</button>
    </div>
    ${!providers.value.length && html`<${Loading} state=${state} />`}
    ${shown.length > 0 && html`<ul class="plain stack">
      ${shown.map((provider) => html`<li key=${provider.id}><${ProviderCard} provider=${provider} onEdit=${() => setForm({ provider })} /></li>`)}
    </ul>`}
    ${!state.busy && !state.error && shown.every((provider) => provider.builtin) && html`<p class="hint">${t("providers.none")}</p>`}
    <${ModelTable} models=${models.value.filter((model) => !leaving.value.has(model.provider_id))} />
    ${form && html`<${ProviderForm} provider=${form.provider} onClose=${() => setForm(null)} />`}`;
}

function FoundServers() {
  const [busy, setBusy] = useState("");
  if (!found.value.length) return null;
  const add = async (server) => {
    setBusy(server.base_url);
    try {
      await addProvider({ kind: server.kind, name: server.name, base_url: server.base_url });
      toast({ text: t("providers.added", { name: server.name }) });
    } catch (error) {
      complain(error);
    }
    setBusy("");
  };
  return html`<div class="stack tight" role="group" aria-label=${t("providers.found")}>
    <h3>${t("providers.found")}</h3>
    ${found.value.map(
      (server) => html`<div class="card row apart wrap found" key=${server.base_url}>
        <span class="grow"><strong>${server.name}</strong> <span class="hint">${server.base_url} · ${t("providers.models", { n: server.models.length })}</span></span>
        <button type="button" class="button primary" disabled=${busy === server.base_url} onClick=${() => add(server)}>${t("providers.use")}</button>
      </div>`,
    )}
  </div>`;
}
