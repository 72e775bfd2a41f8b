/** One person: who they are, and what an administrator may do about it. */
import { Menu } from "../../components/menu.js";
import { Moment } from "../../components/moment.js";
import { t } from "../../lib/text.js";
import { complain, toast } from "../../state/notices.js";
import { changeUser, deleteUser, freshLink } from "../../state/security.js";
import { session } from "../../state/session.js";
import { html } from "../../vendor/html.js";
import { SureButton } from "./sure-button.js";

/** @param {{user: import("../../state/session.js").User, onLink: (made: any) => void}} props */
export function UserRow({ user, onLink }) {
  const { id, name, role, disabled, has_password: ready, last_seen_at: seen } = user;
  const own = id === session.value?.user?.id;
  const change = (body, text, back) =>
    changeUser(id, body).then(() => toast({ text, undo: () => changeUser(id, back).catch(complain) }), complain);
  const other = role === "admin" ? "member" : "admin";
  const items = () => [
    !disabled && { label: t(ready ? "users.reset" : "users.invite_again"), icon: "link", onSelect: () => freshLink(id).then(onLink, complain) },
    !disabled && { label: t(`users.make_${other}`), icon: "person", onSelect: () => change({ role: other }, t("users.is_now", { name, role: t(`role_of.${other}`) }), { role }) },
    disabled
      ? { label: t("users.enable"), icon: "play", onSelect: () => changeUser(id, { disabled: false }).catch(complain) }
      : { label: t("users.disable"), icon: "stop", danger: true, onSelect: () => change({ disabled: true }, t("users.disabled", { name }), { disabled: false }) },
  ];
  const remove = () => deleteUser(id).then(() => toast({ text: t("users.deleted", { name }) }));
  return html`<div class="grow">
      <p><strong dir="auto">${name}</strong> <span class="badge">${t(`role_of.${role}`)}</span>
        ${own && html` <span class="badge good">${t("users.you")}</span>`}${disabled ? html` <span class="badge bad">${t("users.off")}</span>` : !ready && html` <span class="badge warn">${t("users.invited")}</span>`}</p>
      <p class="hint">${seen ? html`${t("users.seen")} <${Moment} at=${seen} />` : t("users.never_seen")}</p>
    </div>
    ${disabled && html`<${SureButton} label=${t("users.delete")} of=${name} run=${remove} />`}
    ${!own && html`<${Menu} label=${t("row.menu", { title: name })} items=${items} />`}`;
}
