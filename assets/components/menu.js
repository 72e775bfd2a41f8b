/** A button with a menu: a popover of the browser, so it lies above everything and closes by itself. */
import { useRef, useState } from "../vendor/hooks.js";
import { html } from "../vendor/html.js";
import { Icon } from "./icon.js";

const GAP = 4;

/**
 * @typedef {{label: string, icon?: string, onSelect?: () => any, href?: string, danger?: boolean, checked?: boolean, hint?: string} | null | false} Item
 *   `null` draws nothing, so that callers can leave items out in place
 * @param {{label: string, icon?: string, items: () => Item[], class?: string, children?: any}} props `items` is asked when the menu opens
 */
export function Menu({ label, icon = "more", items, class: extra = "icon-button", children }) {
  const button = useRef(null);
  const list = useRef(null);
  const [shown, setShown] = useState(null);
  const open = () => {
    setShown(items().filter(Boolean));
    requestAnimationFrame(() => {
      list.current?.showPopover();
      settle(button.current, list.current);
      list.current?.querySelector("[role^=menuitem]")?.focus();
    });
  };
  const close = () => {
    list.current?.hidePopover();
    button.current?.focus();
  };
  const onToggle = (event) => event.newState === "closed" && setShown(null);
  return html`<button ref=${button} type="button" class=${extra} aria-label=${children ? undefined : label} title=${children ? undefined : label}
      aria-haspopup="menu" aria-expanded=${shown ? "true" : "false"} onClick=${open}>
      ${children ?? html`<${Icon} name=${icon} />`}
    </button>
    ${shown &&
    html`<div ref=${list} class="menu" role="menu" aria-label=${label} popover="auto" onToggle=${onToggle} onKeyDown=${(event) => move(event, close)}>
      ${shown.map((item) => html`<${Row} item=${item} close=${close} />`)}
    </div>`}`;
}

function Row({ item, close }) {
  const role = item.checked === undefined ? "menuitem" : "menuitemradio";
  const inside = html`<span class="menu-icon">${item.checked ? html`<${Icon} name="check" />` : item.icon && html`<${Icon} name=${item.icon} />`}</span>
    <span class="menu-label">${item.label}</span>
    ${item.hint && html`<span class="menu-hint">${item.hint}</span>`}`;
  const onClick = () => {
    close();
    item.onSelect?.();
  };
  const common = { role, class: item.danger ? "menu-item danger" : "menu-item", "aria-checked": item.checked, tabIndex: -1, onClick };
  return item.href ? html`<a ...${common} href=${item.href}>${inside}</a>` : html`<button type="button" ...${common}>${inside}</button>`;
}

/** Arrow keys, Home, End and first letters move through the rows. */
function move(event, close) {
  const rows = [...event.currentTarget.querySelectorAll("[role^=menuitem]")];
  const at = rows.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: rows.length - 1 }[event.key];
  event.stopPropagation();
  if (event.key === "Tab" || event.key === "Escape") {
    event.preventDefault();
    close();
  } else if (to !== undefined) {
    event.preventDefault();
    rows[(to + rows.length) % rows.length]?.focus();
  } else if (event.key.length === 1 && event.key !== " ") {
    const letter = event.key.toLocaleLowerCase();
    [...rows.slice(at + 1), ...rows].find((row) => row.textContent.trim().toLocaleLowerCase().startsWith(letter))?.focus();
  }
}

/** Places a popover below its button, or above where there is no room. */
export function settle(anchor, box) {
  if (!anchor || !box) return;
  const from = anchor.getBoundingClientRect();
  const { offsetWidth: width, offsetHeight: height } = box;
  const below = from.bottom + GAP + height <= innerHeight;
  const left = document.dir === "rtl" ? from.left : from.right - width;
  const fits = from.left + width <= innerWidth - GAP ? from.left : left;
  box.style.top = `${below ? from.bottom + GAP : Math.max(GAP, from.top - GAP - height)}px`;
  box.style.left = `${Math.max(GAP, Math.min(from.right > innerWidth - 120 ? left : fits, innerWidth - width - GAP))}px`;
}
