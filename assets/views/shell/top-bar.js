/** The bar above a page: the way to the sidebar, a title, and the page's own actions. */
import { Icon } from "../../components/icon.js";
import { t } from "../../lib/text.js";
import { drawerOpen, isNarrow, sidebarOpen, toggleSidebar } from "../../state/appearance.js";
import { keysFor } from "../../state/shortcuts.js";
import { html } from "../../vendor/html.js";

/** @param {{children?: any}} props */
export function TopBar({ children }) {
  const shown = isNarrow.value ? drawerOpen.value : sidebarOpen.value;
  const label = `${t("frame.open_sidebar")} (${keysFor("sidebar")})`;
  const button = html`<button type="button" class="icon-button" aria-label=${t("frame.open_sidebar")} title=${label} aria-expanded="false" onClick=${toggleSidebar}>
    <${Icon} name=${isNarrow.value ? "menu" : "sidebar"} class="turns" />
  </button>`;
  return html`<header class="top-bar">${!shown && button}${children}</header>`;
}
