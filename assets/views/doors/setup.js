/** `/setup`: a password for whom a one-time link was made, on the first day, by invitation, or because it was forgotten. */
import { exact } from "../../lib/time.js";
import { go } from "../../lib/router.js";
import { t } from "../../lib/text.js";
import { claim, dropClaim } from "../../state/claim.js";
import { reasonOf, toast } from "../../state/notices.js";
import { readClaim, redeemClaim } from "../../state/session.js";
import { useCallback, useEffect, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { Door } from "./door.js";
import { longEnough, PasswordField } from "./password-field.js";

/** The page. */
export function SetupPage() {
  const [known, setKnown] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const now = claim.value;
  const look = useCallback(() => {
    setKnown(null);
    setError(null);
    if (claim.peek()) readClaim(claim.peek()).then(setKnown, setError);
  }, []);
  useEffect(look, [now]);
  const bad = (failure) => {
    dropClaim();
    setError(failure);
  };
  if (error?.code === "bad_claim") return html`<${Door} title=${t("setup.bad_title")}><${FreshLink} text=${t("setup.bad")} /><//>`;
  if (!now) return html`<${Door} title=${t("setup.title")}><${FreshLink} text=${t("setup.none")} /><//>`;
  if (error) {
    return html`<${Door} title=${t("setup.title")}><p class="test bad" role="alert">${error.code === "server_unreachable" ? t("login.gone") : reasonOf(error)}</p>
      <button type="button" class="button" onClick=${look}>${t("action.retry")}</button><//>`;
  }
  if (!known) return html`<${Door} title=${t("setup.title")}><p class="row hint"><span class="spinner" aria-hidden="true"></span> ${t("setup.checking")}</p><//>`;
  return html`<${Form} key=${now} claim=${now} known=${known} onBad=${bad} />`;
}

function FreshLink({ text }) {
  return html`<p role="alert">${text}</p>
    <ul class="door-ways"><li>${t("setup.way_machine")} <code>inglenook password</code></li><li>${t("setup.way_person")}</li></ul>
    <a class="button" href="/">${t("setup.leave")}</a>`;
}

function Form({ claim: now, known: { user, purpose, expires_at }, onBad }) {
  const [name, setName] = useState(user.name);
  const [password, setPassword] = useState("");
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    if (busy || !longEnough(password)) return;
    setBusy(true);
    setError(null);
    try {
      await redeemClaim({ claim: now, password, username: purpose === "invitation" && name.trim() !== user.name ? name.trim() : undefined });
      dropClaim();
      toast({ text: t("setup.done") });
      go("/", true);
    } catch (failure) {
      if (failure.code === "bad_claim") return onBad(failure);
      setError(failure);
      setBusy(false);
    }
  };
  const field = error?.details?.field;
  const elsewhere = error && field !== "new" && field !== "username";
  return html`<${Door} title=${t(`setup.${purpose}_title`, { name: user.name })}>
    <p>${t(`setup.${purpose}`)}</p>
    <form class="stack" onSubmit=${submit}>
      <label class="field"><span>${t("login.name")}</span>
        <input class="input" name="username" autocomplete="username" required maxlength="80" dir="auto" readonly=${purpose !== "invitation"} value=${name} onInput=${(event) => setName(event.currentTarget.value)} />
        ${field === "username" && html`<span class="wrong" role="alert">${reasonOf(error)}</span>`}</label>
      <${PasswordField} label=${t("password.new")} value=${password} onInput=${setPassword} fresh wrong=${field === "new" ? reasonOf(error) : null} />
      ${elsewhere && html`<p class="test bad" role="alert">${error.code === "server_unreachable" ? t("login.gone") : reasonOf(error)}</p>`}
      <button class="button primary" disabled=${busy || !longEnough(password)}>${busy && html`<span class="spinner" aria-hidden="true"></span>`}${t("setup.action")}</button>
    </form>
    <p class="hint">${expires_at ? t("setup.until", { when: exact(expires_at) }) : t("setup.as_once")}</p>
  <//>`;
}
