/** The frame of the pages that stand before all others: the mark, a heading, and one form. */
import { Mark } from "../../components/icon.js";
import { t } from "../../lib/text.js";
import { useEffect } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";

/** @param {{title: string, children?: any}} props */
export function Door({ title, children }) {
  useEffect(() => {
    document.title = `${title} · Inglenook`;
  }, [title]);
  return html`<main class="door">
    <div class="door-box">
      <header class="door-head"><${Mark} class="door-mark" /><h1>${title}</h1></header>
      ${children}
    </div>
    <p class="hint door-foot">${t("door.foot")}</p>
  </main>`;
}
