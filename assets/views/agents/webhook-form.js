/** Adds a webhook. */
import { t } from "../../lib/text.js";
import { reasonOf } from "../../state/notices.js";
import { addWebhook, EVENTS } from "../../state/webhooks.js";
import { useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";

/** @param {{onMade: (hook: any) => void, onClose: () => void}} props */
export function WebhookForm({ onMade, onClose }) {
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const events = form.getAll("event").map(String);
    if (!events.length) return setError({ message: t("hooks.no_event"), details: { field: "events" } });
    setBusy(true);
    setError(null);
    try {
      onMade(await addWebhook({ url: String(form.get("url")).trim(), events }));
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  const wrong = (name) => error?.details?.field === name && html`<span class="wrong" role="alert">${reasonOf(error)}</span>`;
  return html`<form class="card stack" aria-label=${t("hooks.new")} onSubmit=${submit} onKeyDown=${(event) => event.key === "Escape" && onClose()}>
    <label class="field"><span>${t("hooks.url")}</span>
      <input class="input" name="url" type="url" required autocomplete="off" spellcheck=${false} dir="ltr" placeholder="https://…" ref=${(field) => field && !field.dataset.met && ((field.dataset.met = "1"), field.focus())} />${wrong("url")}</label>
    <fieldset class="choice"><legend>${t("hooks.events")}</legend><div class="hook-events">
      ${EVENTS.map((name) => html`<label key=${name} class="switch"><input type="checkbox" name="event" value=${name} defaultChecked=${name === "message.failed"} /><span><code dir="ltr">${name}</code> <span class="hint">${t(`hook_event.${name}`)}</span></span></label>`)}
    </div>${wrong("events")}</fieldset>
    ${error && !["url", "events"].includes(error.details?.field) && html`<p class="test bad" role="alert">${reasonOf(error)}</p>`}
    <div class="row end"><button type="button" class="button quiet" onClick=${onClose}>${t("action.cancel")}</button><button class="button primary" disabled=${busy}>${t("action.add")}</button></div>
  </form>`;
}
