/**
 * The only place where text becomes markup. What comes out holds no script, no form, no style, no picture from
 * elsewhere and no id or name that could stand for one of the page's own; links open apart from this page.
 */
import { DOMPurify } from "../vendor/purify.js";
import { trustedMarkup } from "./trusted.js";

/** The tags that an answer may use. */
export const allowedTags = new Set(
  `a abbr b blockquote br code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i input ins kbd li mark ol p pre
  q rp rt ruby s samp small span strong sub summary sup table tbody td tfoot th thead tr u ul var`.split(/\s+/),
);

/** The attributes that an answer may use. */
export const allowedAttributes = new Set(
  "align checked class colspan data-footnote data-label data-math data-src dir disabled href lang open rowspan start title type".split(" "),
);

const RULES = {
  ALLOWED_TAGS: [...allowedTags],
  ALLOWED_ATTR: [...allowedAttributes],
  // `href` alone is an address that a browser follows; the others are words and numbers.
  ADD_URI_SAFE_ATTR: [...allowedAttributes].filter((name) => name !== "href"),
  ALLOW_DATA_ATTR: false,
  ALLOW_ARIA_ATTR: false,
  ALLOWED_URI_REGEXP: /^(?:https?:|mailto:|tel:|#)/i,
  RETURN_DOM_FRAGMENT: true,
  TRUSTED_TYPES_POLICY: trustedMarkup,
};

/** Classes that markup may carry: ours and highlight.js's. A model must not dress text up as part of the page. */
const CLASSES = /^(?:language-[\w+#.-]+|hljs-[\w-]+|function_|class_|inherited__|math|footnote|footnote-ref|remote-image)$/;

DOMPurify.addHook("afterSanitizeAttributes", (/** @type {Element} */ node) => {
  if (node.hasAttribute("class")) {
    const kept = [...node.classList].filter((name) => CLASSES.test(name));
    if (kept.length) node.className = kept.join(" ");
    else node.removeAttribute("class");
  }
  if (!node.getAttribute("href")) node.removeAttribute("href");
  if (node.localName === "a" && node.hasAttribute("href")) {
    node.setAttribute("target", "_blank");
    node.setAttribute("rel", "noopener noreferrer nofollow");
  }
  if (node.localName === "input") {
    if (node.getAttribute("type") !== "checkbox") node.remove();
    else node.setAttribute("disabled", "");
  }
});

/** Pages and drawings that are shown in a frame of their own: with their styles, without anything that runs, asks or leads away. */
const PAGE_RULES = {
  WHOLE_DOCUMENT: true,
  ADD_TAGS: ["style"],
  FORBID_TAGS: ["form", "button", "audio", "video", "source", "track", "map", "area"],
  FORBID_ATTR: ["action", "formaction", "target", "ping", "srcset", "poster"],
  // No scheme but `data:image`; DOMPurify asks this of every attribute, so what is no address must pass.
  ALLOWED_URI_REGEXP: /^(?:data:image\/|[^a-z]|[a-z+.-]+(?:[^a-z+.:-]|$))/i,
  TRUSTED_TYPES_POLICY: trustedMarkup,
};

/** Attributes that are followed or loaded: they may name a picture that the page brings with it, or a place within. */
const ADDRESSES = /^(?:href|xlink:href|src|background|data|cite|longdesc)$/;
const WITHIN = /^\s*(?:data:image\/|#)/i;
/** What styles would load. The frame's policy refuses it; without the addresses it is not even tried. */
const LOADED = /@import[^;{}]*;?|url\(\s*(?!["']?(?:data:|#))[^)]*\)/gi;
const unloaded = (/** @type {string} */ found) => (found.startsWith("@") ? "" : "none");

const pages = /** @type {any} */ (DOMPurify)(window);
pages.addHook("uponSanitizeAttribute", (/** @type {Element} */ _node, /** @type {any} */ given) => {
  if (ADDRESSES.test(given.attrName) && !WITHIN.test(given.attrValue)) given.keepAttr = false;
  if (given.attrName === "style") given.attrValue = given.attrValue.replace(LOADED, unloaded);
});
pages.addHook("uponSanitizeElement", (/** @type {Element} */ node) => {
  if (node.localName === "style") node.textContent = (node.textContent ?? "").replace(LOADED, unloaded);
});

/** Somebody's page as text that is safe to show in a frame of its own. */
export function safePage(/** @type {string} */ markup) {
  return String(pages.sanitize(markup, /** @type {any} */ (PAGE_RULES)));
}

/**
 * Markup as nodes that are safe to insert.
 * @param {string} markup
 * @returns {DocumentFragment}
 */
export function safeFragment(markup) {
  return /** @type {any} */ (DOMPurify.sanitize(markup, /** @type {any} */ (RULES)));
}
