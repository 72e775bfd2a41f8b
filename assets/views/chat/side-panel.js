/** The right panel: sources, a document, branches, settings of the chat, or the prompt that was sent. */
import { Icon } from "../../components/icon.js";
import { route } from "../../lib/router.js";
import { t } from "../../lib/text.js";
import { closePanel, openPanel, panel } from "../../state/panel.js";
import { useEffect, useRef } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { Branches } from "./branches.js";
import { ChatSettings } from "./chat-settings.js";
import { DocumentPanel } from "./document-panel.js";
import { PromptView } from "./prompt-view.js";
import { Sources } from "./sources.js";

/** Whatever `panel` names. */
export function SidePanel() {
  const box = useRef(null);
  const { kind, messageId, source } = panel.value;
  const id = route.value.id ?? null;
  useEffect(() => {
    const before = /** @type {HTMLElement|null} */ (document.activeElement);
    box.current.focus();
    return () => before?.isConnected && before.focus();
  }, [kind, messageId]);
  const onKeyDown = (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    closePanel();
  };
  return html`<aside ref=${box} class="side-panel" tabindex="-1" aria-label=${t(`panel.${kind}`)} onKeyDown=${onKeyDown}>
    <header class="panel-head">
      ${kind === "document" && messageId && html`<button type="button" class="icon-button" aria-label=${t("sources.all")} title=${t("sources.all")} onClick=${() => openPanel({ kind: "sources", messageId })}><${Icon} name="left" class="turns" /></button>`}
      <h2 class="grow cut">${t(`panel.${kind}`)}</h2>
      <button type="button" class="icon-button" aria-label=${t("action.close")} onClick=${closePanel}><${Icon} name="close" /></button>
    </header>
    <div class=${`panel-body ${kind}`}>
      ${kind === "sources" && html`<${Sources} conversation=${id} message=${messageId} />`}
      ${kind === "branches" && id && html`<${Branches} key=${id} id=${id} />`}
      ${kind === "settings" && html`<${ChatSettings} key=${id ?? "new"} id=${id} />`}
      ${kind === "document" && html`<${DocumentPanel} key=${source.document_id} source=${source} />`}
      ${kind === "prompt" && html`<${PromptView} key=${messageId} turn=${messageId} />`}
    </div>
  </aside>`;
}
