/*
 * Shows one page that an answer wrote, for the page that holds this frame (lib/markdown/artifact.js). What arrives was
 * sanitised; and whatever had stayed in it could not run here: this frame's policy lets nothing run but this file.
 */
"use strict";

addEventListener("message", (event) => {
  if (event.source !== parent) return;
  const page = new DOMParser().parseFromString(event.data.page, "text/html");
  document.documentElement.replaceWith(document.adoptNode(page.documentElement));
});
