/** The list that a composer offers above itself; the text field keeps the focus and moves the mark. */
import { useEffect, useRef } from "../vendor/hooks.js";
import { html } from "../vendor/html.js";

/**
 * @param {{id: string, label: string, items: {id: string, title: string, hint?: string}[], at: number,
 *   onPick: (index: number) => void, footer?: any, empty?: string}} props
 */
export function Suggestions({ id, label, items, at, onPick, footer, empty }) {
  const list = useRef(null);
  useEffect(() => {
    list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
  }, [at]);
  return html`<div class="suggestions">
    <ul ref=${list} id=${id} role="listbox" aria-label=${label}>
      ${items.map(
        (item, index) => html`<li
          key=${item.id}
          id=${`${id}-${index}`}
          role="option"
          aria-selected=${index === at ? "true" : "false"}
          onMouseDown=${(event) => {
            event.preventDefault();
            onPick(index);
          }}
        >
          <span class="suggestion-title">${item.title}</span>
          ${item.hint && html`<span class="suggestion-hint">${item.hint}</span>`}
        </li>`,
      )}
    </ul>
    ${!items.length && empty && html`<p class="hint suggestions-empty">${empty}</p>`} ${footer}
  </div>`;
}
