/** Markdown on the page: a component over the stream that does the work, and the same text without its signs. */
import { useLayoutEffect, useRef } from "../vendor/hooks.js";
import { html } from "../vendor/html.js";
import { plainText as plain } from "./markdown/blocks.js";
import { Stream } from "./markdown/stream.js";

/**
 * Shows Markdown that may still grow. `unknown`: numbers in it that are no source.
 * @param {{text: string, streaming?: boolean, sources?: {n: number, verified?: boolean}[], unknown?: number[], onCite?: (n: number, event: Event) => void}} props
 */
export function Markdown({ text, streaming = false, sources, unknown, onCite }) {
  const root = useRef(null);
  const stream = useRef(/** @type {Stream | null} */ (null));
  const cite = useRef(onCite);
  cite.current = onCite;
  useLayoutEffect(() => {
    stream.current = new Stream(/** @type {any} */ (root.current), (n, event) => cite.current?.(n, event));
    return () => stream.current?.stop();
  }, []);
  useLayoutEffect(() => stream.current?.show(text, streaming, sources, unknown), [text, streaming, sources, unknown]);
  return html`<div class="prose" dir="auto" ref=${root}></div>`;
}

/** What a reader would copy as text. */
export function plainText(/** @type {string} */ markdown) {
  return plain(markdown);
}
