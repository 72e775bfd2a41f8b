/** The browser's own modal dialog: it traps the focus, closes on Escape and gives the focus back. */
import { t } from "../lib/text.js";
import { useId, useLayoutEffect, useRef } from "../vendor/hooks.js";
import { html } from "../vendor/html.js";
import { Icon } from "./icon.js";

/**
 * @param {{open: boolean, onClose: () => void, title: string, bare?: boolean, wide?: boolean, class?: string, children?: any}} props
 *   `bare` leaves out the visible heading; the title still names the dialog
 */
export function Dialog({ open, ...rest }) {
  return open ? html`<${Opened} ...${rest} />` : null;
}

function Opened({ onClose, title, bare = false, wide = false, class: extra = "", children }) {
  const box = useRef(null);
  const id = useId();
  // At once, so that what is typed next is typed here.
  useLayoutEffect(() => {
    const element = box.current;
    const before = /** @type {HTMLElement|null} */ (document.activeElement);
    element.showModal();
    (element.querySelector("[autofocus]") ?? element.querySelector("button"))?.focus();
    return () => {
      element.close();
      before?.isConnected && before.focus?.();
    };
  }, []);
  const onBackdrop = (event) => {
    if (event.target === box.current) onClose();
  };
  // A search field would keep the first Escape for itself.
  const onKeyDown = (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    onClose();
  };
  const heading = html`<header class="dialog-head">
    <h2 id=${id}>${title}</h2>
    <button type="button" class="icon-button" aria-label=${t("action.close")} onClick=${onClose}><${Icon} name="close" /></button>
  </header>`;
  return html`<dialog
    ref=${box}
    class=${`dialog ${wide ? "wide" : ""} ${extra}`}
    aria-labelledby=${bare ? undefined : id}
    aria-label=${bare ? title : undefined}
    onCancel=${(event) => {
      event.preventDefault();
      onClose();
    }}
    onKeyDown=${onKeyDown}
    onMouseDown=${onBackdrop}
  >
    <div class="dialog-body">${bare ? null : heading}${children}</div>
  </dialog>`;
}
