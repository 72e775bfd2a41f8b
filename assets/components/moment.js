/** An instant in short, with the exact one on hover. */
import { exact, short } from "../lib/time.js";
import { html } from "../vendor/html.js";

/** @param {{at: string}} props */
export function Moment({ at }) {
  return html`<time class="moment" dateTime=${at} title=${exact(at)}>${short(at)}</time>`;
}
