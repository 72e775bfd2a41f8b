/** Who may sign in. Somebody new gets a link that is shown here once; nobody ever sees another's password. */
import { Icon } from "../../components/icon.js";
import { exact } from "../../lib/time.js";
import { t } from "../../lib/text.js";
import { reasonOf } from "../../state/notices.js";
import { invite, loadUsers, users } from "../../state/security.js";
import { useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { Loading, useLoading } from "../settings/loading.js";
import { Once } from "./once.js";
import { UserRow } from "./user-row.js";

/** The list, with a way to invite. */
export function Users() {
  const state = useLoading(loadUsers);
  const [inviting, setInviting] = useState(false);
  const [link, setLink] = useState(/** @type {any} */ (null));
  const list = users.value;
  const done = (made) => {
    setLink(made);
    setInviting(false);
  };
  return html`<section aria-labelledby="users">
    <div class="row apart wrap"><h3 id="users">${t("users.title")}</h3>
      ${!inviting && html`<button type="button" class="button" onClick=${() => (setLink(null), setInviting(true))}><${Icon} name="person" />${t("users.invite")}</button>`}</div>
    <p class="hint">${t("users.intro")}</p>
    ${inviting && html`<${Invite} onDone=${done} onClose=${() => setInviting(false)} />`}
    ${link && html`<${Once} title=${t("users.link", { name: link.user.name })} text=${t("users.link_text", { when: exact(link.expires_at) })} value=${link.url} onDone=${() => setLink(null)} />`}
    ${!list ? html`<${Loading} state=${state} />` : html`<ul class="list">${list.map((user) => html`<li key=${user.id} class=${`card ${user.disabled ? "off" : ""}`}><${UserRow} user=${user} onLink=${setLink} /></li>`)}</ul>`}
    ${list?.length === 1 && html`<p class="hint">${t("users.alone")}</p>`}
  </section>`;
}

function Invite({ onDone, onClose }) {
  const [error, setError] = useState(/** @type {any} */ (null));
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    setBusy(true);
    setError(null);
    try {
      onDone(await invite({ name: String(form.get("name")).trim(), role: String(form.get("role")) }));
    } catch (failure) {
      setError(failure);
      setBusy(false);
    }
  };
  return html`<form class="card" aria-label=${t("users.invite")} onSubmit=${submit} onKeyDown=${(event) => event.key === "Escape" && onClose()}>
    <div class="pair">
      <label class="field"><span>${t("login.name")}</span><input class="input" name="name" required maxlength="80" autocomplete="off" dir="auto" ref=${(field) => field && !field.dataset.met && ((field.dataset.met = "1"), field.focus())} /></label>
      <label class="field"><span>${t("users.role")}</span><select class="input" name="role"><option value="member">${t("role_of.member")}</option><option value="admin">${t("role_of.admin")}</option></select></label>
    </div>
    <p class="hint">${t("users.roles_text")}</p>
    ${error && html`<p class="test bad" role="alert">${reasonOf(error)}</p>`}
    <div class="row end"><button type="button" class="button quiet" onClick=${onClose}>${t("action.cancel")}</button><button class="button primary" disabled=${busy}>${t("users.make_link")}</button></div>
  </form>`;
}
