/** Another password for oneself. */
import { t } from "../../lib/text.js";
import { reasonOf, toast } from "../../state/notices.js";
import { loadSessions, loadTokens } from "../../state/security.js";
import { changePassword } from "../../state/session.js";
import { useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { longEnough, PasswordField } from "./password-field.js";

/** @param {{user: import("../../state/session.js").User|null}} props */
export function ChangePassword({ user }) {
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    setBusy(true);
    setError(null);
    try {
      await changePassword(current, password);
      setCurrent("");
      setPassword("");
      toast({ text: t("password.changed") });
      await Promise.all([loadSessions(), loadTokens()]).catch(() => {});
    } catch (failure) {
      setError(failure);
    }
    setBusy(false);
  };
  const field = error?.code === "wrong_password" ? "current" : error?.details?.field;
  const wrong = (name) => (field === name ? (name === "current" ? t("password.wrong_current") : reasonOf(error)) : null);
  return html`<section aria-labelledby="change-password">
    <h3 id="change-password">${t("password.change")}</h3>
    <form class="card" onSubmit=${submit}>
      <input class="hidden" name="username" autocomplete="username" value=${user?.name} readonly tabindex="-1" aria-hidden="true" />
      <${PasswordField} label=${t("password.current")} value=${current} onInput=${setCurrent} wrong=${wrong("current")} />
      <${PasswordField} label=${t("password.new")} value=${password} onInput=${setPassword} fresh wrong=${wrong("new")} />
      <p class="hint">${t("password.ends_others")}</p>
      ${error && field !== "current" && field !== "new" && html`<p class="test bad" role="alert">${reasonOf(error)}</p>`}
      <div class="row end"><button class="button primary" disabled=${busy || !current || !longEnough(password)}>${busy && html`<span class="spinner" aria-hidden="true"></span>`}${t("password.change")}</button></div>
    </form>
  </section>`;
}
