/** A piece of code with its language and its buttons, coloured like the code in an answer. */
import { CodeBlock, codeAction } from "../lib/markdown/code.js";
import { useLayoutEffect, useRef } from "../vendor/hooks.js";
import { html } from "../vendor/html.js";

/** @param {{text: string, language: string}} props */
export function CodeBox({ text, language }) {
  const box = useRef(null);
  useLayoutEffect(() => {
    const block = new CodeBlock(language);
    block.show(text);
    block.finish();
    box.current.replaceChildren(block.figure);
  }, [text, language]);
  return html`<div ref=${box} class="code-box" onClick=${codeAction}></div>`;
}
