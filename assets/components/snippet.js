/** A piece of text with the found places marked. */
import { html } from "../vendor/html.js";

/** @param {{text: string, matches?: [number, number][]}} props offsets are UTF-16 units, in order */
export function Snippet({ text, matches = [] }) {
  const parts = [];
  let from = 0;
  for (const [start, end] of matches) {
    parts.push(text.slice(from, start), html`<mark>${text.slice(start, end)}</mark>`);
    from = end;
  }
  parts.push(text.slice(from));
  return html`<span class="snippet">${parts}</span>`;
}
