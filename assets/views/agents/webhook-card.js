/** One webhook: how it is, a test, and what it was not told. */
import { Menu } from "../../components/menu.js";
import { Moment } from "../../components/moment.js";
import { t } from "../../lib/text.js";
import { complain, reasonOf, say, sentence } from "../../state/notices.js";
import { changeSecret, changeWebhook, loadDead, loadWebhooks, removeWebhook, resend, testWebhook } from "../../state/webhooks.js";
import { useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { useFetched } from "./fetched.js";

/** @param {{hook: import("../../state/webhooks.js").Webhook, onSecret: (made: any) => void}} props */
export function WebhookCard({ hook, onSecret }) {
  const { id, url, events, enabled, waiting, dead, lost } = hook;
  const [busy, setBusy] = useState(false);
  const [result, setResult] = useState(/** @type {any} */ (null));
  const test = async () => {
    setBusy(true);
    const answer = await testWebhook(id).catch((error) => ({ state: "dead", last_error: reasonOf(error) }));
    setResult(answer);
    say(saidOf(answer));
    setBusy(false);
    loadWebhooks().catch(() => {});
  };
  const another = () => changeSecret(id).then(onSecret, complain);
  const items = () => [
    { label: t(enabled ? "hooks.disable" : "hooks.enable"), icon: enabled ? "stop" : "play", onSelect: () => changeWebhook(id, { enabled: !enabled }).catch(complain) },
    { label: t("hooks.another_secret"), icon: "key", onSelect: another },
    { label: t("action.delete"), icon: "trash", danger: true, onSelect: () => removeWebhook(hook) },
  ];
  return html`<article class=${`card stack tight webhook ${enabled ? "" : "off"}`} aria-label=${url}>
    <div class="row wrap"><code class="grow hook-url" dir="ltr">${url}</code><${Health} hook=${hook} />
      <button type="button" class="button small" disabled=${busy} aria-label=${`${t("hooks.test")}: ${url}`} onClick=${test}>${busy && html`<span class="spinner" aria-hidden="true"></span>`}${t("hooks.test")}</button>
      <${Menu} label=${t("row.menu", { title: url })} items=${items} /></div>
    <p class="row wrap">${events.map((name) => html`<span key=${name} class="badge" dir="ltr">${name}</span>`)}${waiting > 0 && html`<span class="badge warn">${t("hooks.waiting", { n: waiting })}</span>`}${lost > 0 && html`<span class="badge bad" title=${t("hooks.lost_long")}>${t("hooks.lost", { n: lost })}</span>`}</p>
    ${hook.last_error && html`<p class="hint">${sentence(hook.last_error)}</p>`}
    ${result && html`<p class=${`test ${wentWell(result) ? "good" : "bad"}`}>${saidOf(result)}</p>`}
    ${dead > 0 && html`<details class="hook-dead"><summary>${t("hooks.dead", { n: dead })}</summary><${Dead} id=${id} /></details>`}
  </article>`;
}

function Health({ hook: { enabled, last_status: status, last_error: error } }) {
  if (!enabled) return html`<span class="badge">${t("hooks.off")}</span>`;
  if (error) return html`<span class="badge bad">${status ? t("hooks.answered", { status: String(status) }) : t("hooks.failed")}</span>`;
  return status ? html`<span class="badge good">${t("hooks.answered", { status: String(status) })}</span>` : html`<span class="badge">${t("hooks.unused")}</span>`;
}

function wentWell(delivery) {
  return delivery.state === "delivered";
}

function saidOf(delivery) {
  if (wentWell(delivery)) return t("hooks.test_ok", { status: String(delivery.last_status ?? "") });
  return sentence(delivery.last_error) || t("hooks.failed");
}

/** What every attempt failed at, each to be tried once more. */
function Dead({ id }) {
  const { value: list, error, again } = useFetched(() => loadDead(id), [id], "webhooks");
  const retry = async (entry) => {
    try {
      await resend(entry.id);
      say(t("hooks.resent"));
    } catch (failure) {
      complain(failure);
    }
    again();
    loadWebhooks().catch(() => {});
  };
  if (!list) return error ? html`<p class="hint">${reasonOf(error)}</p>` : html`<p class="hint">${t("settings.loading")}</p>`;
  return html`<ul class="plain-list stack tight">${list.map(
    (entry) => html`<li key=${entry.id} class="row wrap"><span class="grow"><span class="badge" dir="ltr">${entry.event}</span> <span class="hint"><${Moment} at=${entry.created_at} />${entry.last_error && ` · ${sentence(entry.last_error)}`}</span></span>
      <button type="button" class="button small" aria-label=${`${t("hooks.resend")}: ${entry.event}`} onClick=${() => retry(entry)}>${t("hooks.resend")}</button></li>`,
  )}</ul>`;
}
