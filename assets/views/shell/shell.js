/** The frame: sidebar, page, right panel, and what lies above them. */
import { Later } from "../../components/later.js";
import { route } from "../../lib/router.js";
import { t } from "../../lib/text.js";
import { drawerOpen, isNarrow, sidebarOpen } from "../../state/appearance.js";
import { panel } from "../../state/panel.js";
import { useEffect } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { ChatPage } from "../chat/chat.js";
import { SidePanel } from "../chat/side-panel.js";
import { TemporaryPage } from "../chat/temporary.js";
import { ModelPicker } from "../chat/model-picker.js";
import { PromptEditor } from "../chat/prompt-editor.js";
import { DocumentPage } from "../library/document-page.js";
import { DropZone } from "../library/drop-zone.js";
import { LibraryPage } from "../library/library-page.js";
import { SureDialog } from "../library/sure.js";
import { TextDialog } from "../library/text-dialog.js";
import { Palette } from "../search/palette.js";
import { SearchPage } from "../search/search-page.js";
import { SettingsPage } from "../settings/settings.js";
import { Sidebar } from "../sidebar/sidebar.js";
import { bindActions } from "./actions.js";
import { agents } from "./parts.js";
import { Regions, Toasts } from "./regions.js";
import { ShortcutHelp } from "./shortcut-help.js";
import { StatusLine } from "./status-line.js";
import { TopBar } from "./top-bar.js";

/** The whole interface. */
export function Shell() {
  useEffect(bindActions, []);
  const beside = !isNarrow.value && sidebarOpen.value;
  const over = isNarrow.value && drawerOpen.value;
  const { name } = route.value;
  const chat = name === "conversation" || name === "home" || name === "temporary";
  const ownBar = chat || name === "library" || name === "agents";
  const kind = panel.value && chat ? `with-panel ${panel.value.kind === "document" ? "with-document" : ""}` : "";
  const shape = `shell ${beside ? "with-sidebar" : ""} ${over ? "with-drawer" : ""} ${kind}`;
  return html`<div class=${shape}>
    <a class="skip" href="#main" onClick=${skip}>${t("frame.skip")}</a>
    <${StatusLine} />
    ${(beside || over) && html`<${Sidebar} over=${over} />`}
    ${over && html`<button type="button" class="veil" aria-label=${t("frame.close_sidebar")} onClick=${() => (drawerOpen.value = false)}></button>`}
    <div class="centre" inert=${over}>
      ${!ownBar && html`<${TopBar} />`}
      <main id="main" tabindex="-1"><${Page} /></main>
    </div>
    ${panel.value && chat && html`<${SidePanel} />`}
    <${Palette} /><${ModelPicker} /><${PromptEditor} /><${ShortcutHelp} /><${SureDialog} /><${TextDialog} /><${DropZone} /><${Toasts} /><${Regions} />
  </div>`;
}

function Page() {
  const { name, id, document: shown, section, query } = route.value;
  if (name === "home") return html`<${ChatPage} key="new" id=${null} />`;
  if (name === "conversation") return html`<${ChatPage} key=${id} id=${id} target=${query.get("m")} />`;
  if (name === "temporary") return html`<${TemporaryPage} />`;
  if (name === "library") return shown ? html`<${DocumentPage} key=${shown} id=${shown} />` : html`<${LibraryPage} />`;
  if (name === "agents") return html`<${Later} load=${agents} name="AgentsPage" />`;
  if (name === "settings") return html`<${SettingsPage} section=${section} />`;
  if (name === "search") return html`<${SearchPage} />`;
  return html`<div class="empty page-empty">
    <h1>${t("missing.title")}</h1>
    <p>${t("missing.text")}</p>
    <a class="button primary" href="/">${t("action.new_chat")}</a>
  </div>`;
}

function skip(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}
