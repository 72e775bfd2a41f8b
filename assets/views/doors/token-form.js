/** Makes a token. */
import { t } from "../../lib/text.js";
import { reasonOf } from "../../state/notices.js";
import { addToken } from "../../state/security.js";
import { may } from "../../state/session.js";
import { useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";

const SCOPES = ["bus", "rooms", "chat", "search", "admin"];
const DAYS = [7, 30, 90, 365];
const DAY_MS = 86_400_000;

/** @param {{onMade: (token: any) => void, onClose: () => void}} props */
export function TokenForm({ onMade, onClose }) {
  const [scopes, setScopes] = useState(/** @type {string[]} */ ([]));
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const toggle = (scope) => setScopes(SCOPES.filter((entry) => scopes.includes(entry) !== (entry === scope)));
  const submit = async (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const text = (name) => String(form.get(name) ?? "").trim();
    if (!scopes.length) return setError({ message: t("tokens.no_scope"), details: { field: "scopes" } });
    const body = { name: text("name"), scopes };
    if (text("client_id")) body.client_id = text("client_id");
    if (text("days")) body.expires_at = new Date(Date.now() + Number(text("days")) * DAY_MS).toISOString();
    setBusy(true);
    setError(null);
    try {
      onMade(await addToken(body));
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  const fields = ["name", "scopes", "client_id"];
  const wrong = (name) => error?.details?.field === name && html`<span class="wrong" role="alert">${reasonOf(error)}</span>`;
  return html`<form class="card" aria-label=${t("tokens.new")} onSubmit=${submit} onKeyDown=${(event) => event.key === "Escape" && onClose()}>
    <label class="field"><span>${t("tokens.name")}</span>
      <input class="input" name="name" required maxlength="80" autocomplete="off" dir="auto" placeholder=${t("tokens.name_example")} ref=${(field) => field && !field.dataset.met && ((field.dataset.met = "1"), field.focus())} />${wrong("name")}</label>
    <fieldset class="scopes"><legend>${t("tokens.scopes")}</legend>
      ${SCOPES.filter((scope) => scope !== "admin" || may("admin")).map(
        (scope) => html`<label key=${scope} class="switch"><input type="checkbox" name="scope" value=${scope} checked=${scopes.includes(scope)} onChange=${() => toggle(scope)} />
          <span><strong>${t(`scope_of.${scope}`)}</strong> <span class="hint">${t(`scope_text.${scope}`)}</span></span></label>`,
      )}${wrong("scopes")}
    </fieldset>
    <div class="pair">
      <label class="field"><span>${t("tokens.client")}</span><input class="input" name="client_id" maxlength="128" autocomplete="off" spellcheck=${false} dir="ltr" /><span class="hint">${t("tokens.client_hint")}</span>${wrong("client_id")}</label>
      <label class="field"><span>${t("tokens.expires")}</span><select class="input" name="days"><option value="">${t("tokens.never")}</option>${DAYS.map((n) => html`<option key=${n} value=${n}>${t("tokens.days", { n })}</option>`)}</select></label>
    </div>
    ${error && !fields.includes(error.details?.field) && html`<p class="test bad" role="alert">${reasonOf(error)}</p>`}
    <div class="row end"><button type="button" class="button quiet" onClick=${onClose}>${t("action.cancel")}</button><button class="button primary" disabled=${busy}>${t("tokens.create")}</button></div>
  </form>`;
}
