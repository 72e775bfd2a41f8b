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

/**
 * Markup as nodes that are safe to insert.
 * @param {string} markup
 * @returns {DocumentFragment}
 */
export function safeFragment(markup) {
  return /** @type {any} */ (DOMPurify.sanitize(markup, /** @type {any} */ (RULES)));
}
