/** Adds a provider, or changes one. The key goes in and never comes back: only its last four characters are shown. */
import { Dialog } from "../../components/dialog.js";
import { t } from "../../lib/text.js";
import { addProvider, changeProvider, testProvider } from "../../state/models.js";
import { reasonOf, toast } from "../../state/notices.js";
import { useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { addressOf, presets } from "./presets.js";
import { TestResult } from "./provider-card.js";

/** @param {{provider?: any, onClose: () => void}} props */
export function ProviderForm({ provider: given, onClose }) {
  const [provider, setProvider] = useState(given ?? null);
  const [preset, setPreset] = useState(provider ? null : presets[0]);
  const [values, setValues] = useState(provider ? { name: provider.name, base_url: provider.base_url, api_key: "" } : startOf(presets[0]));
  const [error, setError] = useState(null);
  const [result, setResult] = useState(null);
  const [busy, setBusy] = useState(false);
  const set = (name) => (event) => setValues({ ...values, [name]: event.target.value });
  const choose = (event) => {
    const next = presets.find(({ id }) => id === event.target.value) ?? presets[0];
    setPreset(next);
    setValues({ ...startOf(next), api_key: values.api_key });
  };
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    setResult(null);
    try {
      const saved = provider ? await changeProvider(provider.id, changes(provider, values)) : await addProvider(bodyOf(preset, values));
      const tested = await testProvider(saved.id);
      toast({ text: t(provider ? "providers.saved" : "providers.added", { name: saved.name }) });
      if (tested.ok) onClose();
      else {
        setProvider(saved);
        setValues({ name: saved.name, base_url: saved.base_url, api_key: "" });
        setPreset(null);
        setResult(tested);
      }
    } catch (failure) {
      setError(failure);
    }
    setBusy(false);
  };
  const wrong = (field) => (error?.details?.field === field ? html`<span class="wrong" role="alert">${error.message}</span>` : null);
  const moved = provider?.api_key && values.base_url !== provider.base_url;
  return html`<${Dialog} open title=${provider ? t("providers.edit_title", { name: provider.name }) : t("providers.add")} onClose=${onClose}>
    <form class="stack" onSubmit=${submit}>
      ${preset && html`<label class="field"><span>${t("providers.service")}</span>
        <select class="input" value=${preset.id} onChange=${choose}>
          <optgroup label=${t("providers.online")}>${presets.filter((entry) => entry.address && !entry.local).map(option)}</optgroup>
          <optgroup label=${t("providers.here")}>${presets.filter((entry) => entry.local).map(option)}</optgroup>
          ${option(presets[presets.length - 1])}
        </select></label>`}
      <label class="field"><span>${t("providers.name")}</span><input class="input" required maxlength="80" value=${values.name} onInput=${set("name")} />${wrong("name")}</label>
      <label class="field"><span>${t("providers.address")}</span><input class="input" type="url" required spellcheck=${false} value=${values.base_url} onInput=${set("base_url")} />${wrong("base_url")}
        ${moved && html`<span class="hint">${t("providers.key_dropped")}</span>`}</label>
      <label class="field"><span>${t(preset?.local ? "providers.key_optional" : "providers.key")}</span>
        <input class="input" type="password" autocomplete="off" spellcheck=${false} value=${values.api_key} onInput=${set("api_key")}
          placeholder=${provider?.api_key ? t("providers.key_kept", { key: provider.api_key }) : ""} />${wrong("api_key")}
        <span class="hint">${t("providers.key_hint")}</span></label>
      ${error && !["name", "base_url", "api_key"].includes(error.details?.field) && html`<p class="test bad" role="alert">${reasonOf(error)}</p>`}
      ${result && html`<div role="alert"><${TestResult} result=${result} /></div>`}
      <div class="row end">
        <button type="button" class="button quiet" onClick=${onClose}>${t(result ? "action.close" : "action.cancel")}</button>
        <button class="button primary" disabled=${busy}>${busy && html`<span class="spinner" aria-hidden="true"></span>`}${t("providers.save_test")}</button>
      </div>
    </form>
  <//>`;
}

function option(preset) {
  return html`<option key=${preset.id} value=${preset.id}>${preset.name || t("providers.other")}</option>`;
}

function startOf(preset) {
  return { name: preset.name, base_url: addressOf(preset), api_key: "" };
}

function bodyOf(preset, { name, base_url, api_key }) {
  return { kind: preset.kind, name: name.trim(), base_url: base_url.trim(), ...(api_key && { api_key: api_key.trim() }) };
}

/** Only what differs: an unchanged address keeps the stored key. */
function changes(provider, { name, base_url, api_key }) {
  const body = {};
  if (name.trim() !== provider.name) body.name = name.trim();
  if (base_url.trim() !== provider.base_url) body.base_url = base_url.trim();
  if (api_key) body.api_key = api_key.trim();
  return body;
}
