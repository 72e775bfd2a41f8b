/*
 * Draws Mermaid diagrams for the page that holds this frame (lib/markdown/diagram.js). Classic scripts: a frame
 * without origin may not load modules. Asks `{id, source, theme}`, answers `{id, svg}` or `{id, error}`.
 */
"use strict";

/* What a diagram must not set for itself: code of its own, and styles that could ask another host. */
const OURS = [
  "secure", "securityLevel", "startOnLoad", "maxTextSize", "maxEdges", "suppressErrorRendering",
  "themeCSS", "fontFamily", "altFontFamily", "htmlLabels", "dompurifyConfig",
];

/*
 * Mermaid reads labels as markup before it cleans them, and draws pictures by address. The policy of this frame
 * refuses what they would run or fetch; without attributes and addresses they do not even try. Nor do the menus of a
 * sequence's links, for which Mermaid writes handlers: nobody can click into a picture.
 */
const ATTRIBUTES = /<([a-z][\w:-]*)[\s/][^<>\n]*=[^<>\n]*>?/gi;
const PICTURE = /\bimg\s*:\s*(?:"[^"\n]*"|'[^'\n]*'|[^\s,}]+)/gi;

const LINKS = /^\s*links?\s[^:\n]*:.*$/gim;

/** The source without what would try. */
function tame(source) {
  const plain = source.replace(ATTRIBUTES, "<$1>").replace(PICTURE, "shape: rect");
  return /^\s*sequenceDiagram\b/m.test(plain) ? plain.replace(LINKS, "") : plain;
}

addEventListener("message", async (event) => {
  if (event.source !== parent) return;
  const { id, source, theme } = event.data;
  try {
    const font = "system-ui, sans-serif";
    mermaid.initialize({ startOnLoad: false, securityLevel: "strict", secure: OURS, theme, fontFamily: font, htmlLabels: false, flowchart: { htmlLabels: false }, suppressErrorRendering: true });
    const { svg } = await mermaid.render(`diagram-${id}`, tame(source));
    const node = new DOMParser().parseFromString(svg, "image/svg+xml").documentElement;
    // As a picture it needs a size of its own: `width="100%"` has nothing to be a part of.
    const [, , width, height] = (node.getAttribute("viewBox") ?? "0 0 800 600").split(/\s+/);
    node.setAttribute("width", width);
    node.setAttribute("height", height);
    parent.postMessage({ id, svg: new XMLSerializer().serializeToString(node) }, "*");
  } catch (error) {
    parent.postMessage({ id, error: error.message ?? String(error) }, "*");
  }
});
