/** Whether an answer leans on its sources, said where it does not. */
import { Icon } from "../../components/icon.js";
import { t } from "../../lib/text.js";
import { html } from "../../vendor/html.js";

/** @param {{support: {state: "supported"|"unsupported"|"nothing_found", cited: number[], unknown: number[]}|null|undefined}} props */
export function Support({ support }) {
  if (!support) return null;
  const unknown = support.unknown ?? [];
  const words = { unsupported: t("support.unsupported"), nothing_found: t("support.nothing_found") }[support.state];
  if (!words && !unknown.length) return null;
  return html`<div class="support" role="note">
    ${words && html`<p class="row"><${Icon} name="info" /><span><strong>${t("sources.none")}</strong> ${words}</span></p>`}
    ${unknown.length > 0 && html`<p class="row"><${Icon} name="warning" /><span>${t("support.unknown", { n: unknown.length, list: unknown.map((n) => `[${n}]`).join(", ") })}</span></p>`}
  </div>`;
}
