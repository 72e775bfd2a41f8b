/** The page that asks for the password, and says which way it went wrong. */
import { t } from "../../lib/text.js";
import { reasonOf } from "../../state/notices.js";
import { rememberedName, signIn } from "../../state/session.js";
import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { useCountdown } from "./countdown.js";
import { Door } from "./door.js";
import { PasswordField } from "./password-field.js";

/** `/login`, and what stands in place of every page while nobody is signed in. */
export function LoginPage() {
  const [name, setName] = useState(rememberedName);
  const [password, setPassword] = useState("");
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const [left, wait] = useCountdown();
  const form = useRef(null);
  const focus = () => form.current?.querySelector(".password input")?.focus();
  useEffect(focus, []);
  const waited = useRef(false);
  useEffect(() => {
    if (left > 0) waited.current = true;
    else if (waited.current) {
      waited.current = false;
      setError(null);
      focus();
    }
  }, [left]);
  const submit = async (event) => {
    event.preventDefault();
    if (left > 0 || busy) return;
    setBusy(true);
    setError(null);
    try {
      await signIn({ username: name.trim(), password });
    } catch (failure) {
      setError(failure);
      setBusy(false);
      if (failure.retryAfter) wait(failure.retryAfter);
      if (failure.code !== "wrong_password") return;
      setPassword("");
      focus();
    }
  };
  return html`<${Door} title=${t("login.title")}>
    <form ref=${form} class="stack" onSubmit=${submit}>
      <label class="field"><span>${t("login.name")}</span>
        <input class="input" name="username" autocomplete="username" autocapitalize="off" spellcheck=${false} dir="auto" value=${name} onInput=${(event) => setName(event.currentTarget.value)} />
        <span class="hint">${t("login.name_hint")}</span></label>
      <${PasswordField} label=${t("login.password")} value=${password} onInput=${setPassword} />
      <${Trouble} error=${error} left=${left} />
      <button class="button primary" disabled=${busy || left > 0}>${busy && html`<span class="spinner" aria-hidden="true"></span>`}${left > 0 ? t("login.wait", { n: left }) : t("login.action")}</button>
    </form>
    <details class="door-more"><summary>${t("login.forgot")}</summary><p>${t("login.forgot_text")}</p></details>
  <//>`;
}

/** What a reader hears is said once; the seconds that run are on the button. */
function Trouble({ error, left }) {
  if (!error) return null;
  const slow = error.code === "slow_down" || error.code === "rate_limited";
  const text = slow ? t(`login.${error.code}`) : error.code === "wrong_password" ? t("login.wrong") : error.code === "server_unreachable" ? t("login.gone") : reasonOf(error);
  return html`<p class="test bad" role="alert">${text}${slow && left === 0 ? ` ${t("login.now")}` : ""}</p>`;
}
