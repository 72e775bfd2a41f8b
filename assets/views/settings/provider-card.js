/** One provider: where it is, how it is, and what can be done with it. */
import { t } from "../../lib/text.js";
import { Menu } from "../../components/menu.js";
import { changeProvider, removeProvider, resetProvider, testProvider } from "../../state/models.js";
import { complain, reasonOf, say } from "../../state/notices.js";
import { useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { duration } from "../../lib/time.js";

/** @param {{provider: any, onEdit: () => void}} props */
export function ProviderCard({ provider, onEdit }) {
  const [result, setResult] = useState(null);
  const [busy, setBusy] = useState(false);
  const test = async () => {
    setBusy(true);
    const answer = await testProvider(provider.id).catch((error) => ({ ok: false, error: { code: error.code, error: reasonOf(error) } }));
    setResult(answer);
    say(answer.ok ? t("test.ok") : (answer.error?.error ?? ""));
    setBusy(false);
  };
  const items = () => [
    { label: t("providers.edit"), icon: "edit", onSelect: onEdit },
    { label: t(provider.enabled ? "providers.disable" : "providers.enable"), icon: provider.enabled ? "stop" : "play", onSelect: () => changeProvider(provider.id, { enabled: !provider.enabled }).catch(complain) },
    { label: t("action.delete"), icon: "trash", danger: true, onSelect: () => removeProvider(provider) },
  ];
  return html`<article class=${`card stack tight provider ${provider.enabled ? "" : "off"}`} aria-label=${provider.name}>
    <div class="row wrap">
      <strong>${provider.name}</strong>
      <${Health} provider=${provider} />
      <span class="grow"></span>
      ${!provider.builtin && html`<button type="button" class="button small" disabled=${busy} onClick=${test}>
          ${busy && html`<span class="spinner" aria-hidden="true"></span>`}${t("providers.test")}
        </button>
        <${Menu} label=${t("providers.more", { name: provider.name })} items=${items} />`}
    </div>
    <p class="hint">${provider.builtin ? t("providers.passages") : html`<code>${provider.base_url}</code>`}${provider.api_key && ` · ${t("providers.key_is", { key: provider.api_key })}`}</p>
    ${provider.stats?.requests > 0 && html`<p class="hint">${t("providers.stats", { requests: provider.stats.requests, retries: provider.stats.retries, failures: provider.stats.failures })}</p>`}
    ${result && html`<${TestResult} result=${result} />`}
    <${Breaker} provider=${provider} />
  </article>`;
}

function Health({ provider }) {
  const { enabled, breaker, last_error: error } = provider;
  if (!enabled) return html`<span class="badge">${t("health.off")}</span>`;
  if (breaker.state === "open") return html`<span class="badge bad">${t("health.open")}</span>`;
  if (breaker.state === "half_open") return html`<span class="badge warn">${t("health.half_open")}</span>`;
  if (error) return html`<span class="badge warn">${t("health.trouble")}</span>`;
  return html`<span class="badge good">${t("health.good")}</span>`;
}

function Breaker({ provider }) {
  const { breaker, last_error: error } = provider;
  const shut = breaker.state === "closed";
  if (!error && shut) return null;
  const reset = () => resetProvider(provider.id).catch(complain);
  return html`<div class="row apart wrap trouble">
    <div class="grow stack tight">
      ${!shut && html`<p>${t("breaker.open", { n: breaker.failures })} ${breaker.opens_again_in_seconds > 0 && t("breaker.again", { n: Math.ceil(breaker.opens_again_in_seconds) })}</p>`}
      ${error && html`<p class="hint">${t("providers.last_error")} ${error.error}</p>`}
    </div>
    ${!shut && html`<button type="button" class="button small" onClick=${reset}>${t("breaker.reset")}</button>`}
  </div>`;
}

/** What a test found, each outcome told apart. @param {{result: any}} props */
export function TestResult({ result }) {
  if (result.ok) {
    const count = Array.isArray(result.models) ? result.models.length : result.models;
    return html`<p class="test good">${t("test.ok_models", { n: count, time: duration(result.took_ms) })}</p>`;
  }
  return html`<p class="test bad"><strong>${titleOf(result.error?.code)}</strong> ${result.error?.error}</p>`;
}

function titleOf(code) {
  const key = `test.${code}`;
  const title = t(key);
  return title === key ? t("test.failed") : title;
}
