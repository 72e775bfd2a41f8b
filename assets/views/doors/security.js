/** The part `security` of the settings: who may come in, by which door, and where this server has been. */
import { Icon } from "../../components/icon.js";
import { t } from "../../lib/text.js";
import { complain } from "../../state/notices.js";
import { may, session, signOut } from "../../state/session.js";
import { html } from "../../vendor/html.js";
import { ChangePassword } from "./change-password.js";
import { Outbound } from "./outbound.js";
import { Sessions } from "./sessions.js";
import { Tokens } from "./tokens.js";
import { Users } from "./users.js";

/** The whole part. */
export function SecuritySection() {
  const now = session.value;
  const admin = may("admin");
  if (!now?.password_set) return html`<div class="security"><${Open} />${admin && html`<${Outbound} />`}</div>`;
  return html`<div class="security">
    <${Who} user=${now.user} />
    <${ChangePassword} user=${now.user} />
    <${Sessions} />
    <${Tokens} />
    ${admin && html`<${Users} /><${Outbound} />`}
  </div>`;
}

function Open() {
  return html`<section class="card" aria-label=${t("security.open")}>
    <p class="row"><${Icon} name="computer" /><strong>${t("security.open")}</strong></p>
    <p>${t("security.open_text")}</p>
    <p>${t("security.open_how")} <code>inglenook password</code></p>
  </section>`;
}

function Who({ user }) {
  return html`<section class="card">
    <div class="row wrap apart">
      <p class="row grow"><${Icon} name="lock" /><span>${t("security.who")} <strong dir="auto">${user?.name}</strong> <span class="badge">${t(`role_of.${user?.role}`)}</span></span></p>
      <button type="button" class="button" onClick=${() => signOut().catch(complain)}><${Icon} name="exit" />${t("security.sign_out")}</button>
    </div>
  </section>`;
}
