/** The sidebar: new chat, search, the library, the chats in their groups, and the way to the settings. */
import { Icon, Mark } from "../../components/icon.js";
import { go, route } from "../../lib/router.js";
import { t } from "../../lib/text.js";
import { drawerOpen, toggleSidebar } from "../../state/appearance.js";
import { marking } from "../../state/keeping.js";
import { openPalette } from "../../state/search.js";
import { keysFor } from "../../state/shortcuts.js";
import { useEffect, useRef } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { startNewChat } from "../shell/actions.js";
import { BulkBar } from "./bulk-bar.js";
import { ChatList } from "./chat-list.js";
import { FilterBar } from "./filter-bar.js";

/** @param {{over: boolean}} props `over`: as a drawer above the page */
export function Sidebar({ over }) {
  useEffect(() => {
    if (!over) return undefined;
    /** @type {HTMLElement|null} */ (document.querySelector(".sidebar button"))?.focus();
    const close = (event) => event.key === "Escape" && (drawerOpen.value = false);
    addEventListener("keydown", close);
    return () => removeEventListener("keydown", close);
  }, [over]);
  const here = route.value.path;
  const opened = useRef(here);
  useEffect(() => {
    if (opened.current !== here) drawerOpen.value = false;
    opened.current = here;
  }, [here]);
  return html`<aside class="sidebar" aria-label=${t("frame.sidebar")}>
    <header class="sidebar-head">
      <a class="brand" href="/" title=${t("frame.home")}><${Mark} /><span>Inglenook</span></a>
      <button type="button" class="icon-button" aria-label=${t("frame.temporary")} title=${`${t("frame.temporary")} (${keysFor("temporary")})`} onClick=${() => go("/temporary")}>
        <${Icon} name="ghost" />
      </button>
      <button type="button" class="icon-button" aria-label=${t("frame.close_sidebar")} title=${`${t("frame.close_sidebar")} (${keysFor("sidebar")})`} onClick=${toggleSidebar}>
        <${Icon} name="sidebar" class="turns" />
      </button>
    </header>
    <div class="sidebar-top">
      <button type="button" class="side-action strong" onClick=${startNewChat}><${Icon} name="plus" /><span class="grow">${t("action.new_chat")}</span><kbd>${keysFor("new_chat")}</kbd></button>
      <button type="button" class="side-action" onClick=${() => openPalette()}><${Icon} name="search" /><span class="grow">${t("action.search")}</span><kbd>${keysFor("search")}</kbd></button>
      <a class="side-action" href="/library" aria-current=${route.value.name === "library" ? "page" : undefined}><${Icon} name="shelf" /><span class="grow">${t("frame.library")}</span><kbd>${keysFor("library")}</kbd></a>
      <a class="side-action" href="/agents" aria-current=${route.value.name === "agents" ? "page" : undefined}><${Icon} name="agents" /><span class="grow">${t("frame.agents")}</span></a>
    </div>
    <nav class="sidebar-chats" aria-label=${t("frame.chats")}>
      ${marking.value ? html`<${BulkBar} />` : html`<${FilterBar} />`}
      <${ChatList} />
    </nav>
    <footer class="sidebar-foot">
      <a class="side-action" href="/settings/models" aria-current=${route.value.name === "settings" ? "page" : undefined}><${Icon} name="settings" /><span class="grow">${t("frame.settings")}</span></a>
    </footer>
  </aside>`;
}
