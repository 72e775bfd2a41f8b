/**
 * A page or drawing that an answer wrote as code, shown on request: sanitised, in a sandboxed frame of its own
 * address and policy. Its scripts do not run. They could be kept from our data, but not from the network: WebRTC
 * and the connections that browsers open ahead of a navigation obey no policy that a page can set.
 */
import { safePage } from "../sanitize.js";
import { t } from "../text.js";
import { element } from "./element.js";

const LANGUAGES = ["html", "htm", "svg", "xhtml"];

/** Whether a block of this language can be shown. */
export function isArtifact(/** @type {string} */ language, /** @type {string} */ source) {
  return LANGUAGES.includes(language) || (language === "xml" && /^\s*(<\?xml[^>]*>\s*)?<svg[\s>]/.test(source));
}

/** Shows the page, or its source again; answers whether it is the page now. */
export function toggleArtifact(/** @type {HTMLElement} */ figure, /** @type {string} */ source) {
  const shown = figure.classList.toggle("shown");
  for (const old of figure.querySelectorAll(".artifact, .artifact-still")) old.remove();
  if (!shown) return false;
  const frame = /** @type {HTMLIFrameElement} */ (
    element("iframe", { class: "artifact", sandbox: "allow-scripts", src: "/frames/artifact.html", title: t("prose.preview_of") })
  );
  // A frame without origin can only be addressed as "*"; what is sent is the page and nothing else.
  frame.addEventListener("load", () => frame.contentWindow?.postMessage({ page: safePage(source) }, "*"), { once: true });
  figure.querySelector("pre")?.before(frame);
  if (/<script[\s>]/i.test(source)) frame.after(element("p", { class: "hint artifact-still" }, t("prose.preview_still")));
  return true;
}
