/*
 * Draws Mermaid diagrams for the page that holds this frame (lib/markdown/diagram.js). Classic scripts: a frame
 * without origin may not load modules. Asks `{id, source, theme}`, answers `{id, svg}` or `{id, error}`.
 */
"use strict";

addEventListener("message", async (event) => {
  if (event.source !== parent) return;
  const { id, source, theme } = event.data;
  try {
    const font = "system-ui, sans-serif";
    mermaid.initialize({ startOnLoad: false, securityLevel: "strict", theme, fontFamily: font, htmlLabels: false, flowchart: { htmlLabels: false }, suppressErrorRendering: true });
    const { svg } = await mermaid.render(`diagram-${id}`, source);
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
