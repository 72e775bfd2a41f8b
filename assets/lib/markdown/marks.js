/** What our Markdown has beyond GitHub's: formulas, footnotes, and pictures that are not fetched. All as marked extensions. */
import { allowedAttributes, allowedTags } from "../sanitize.js";

const PLACES = /\$|\\[([]/;
const BLOCK_MATH = [/^ {0,3}\$\$([^$][\s\S]*?)\$\$[ \t]*(?:\n+|$)/, /^ {0,3}\\\[([\s\S]+?)\\\][ \t]*(?:\n+|$)/];
const INLINE_MATH = [
  { rule: /^\$\$([^$\n]+?)\$\$/, display: true },
  { rule: /^\\\[([^\n]+?)\\\]/, display: true },
  { rule: /^\\\(([\s\S]+?)\\\)/, display: false },
  // As in Pandoc: no space inside the dollars and no digit behind them, so that prices stay prices.
  { rule: /^\$(?![\s$])((?:\\.|[^\\$\n])+?)(?<![\s\\])\$(?!\d)/, display: false },
];
const FOOTNOTE = /^\[\^([\w-]{1,40})\]:[ \t]*([^\n]*(?:\n(?: {2,4}|\t)[^\n]+)*)(?:\n+|$)/;

const TAG = /<(\/?)([a-zA-Z][\w:-]*)((?:"[^"]*"|'[^']*'|[^"'>])*)[^>]*>?/g;
const ATTRIBUTE = /([\w-]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'>]+))?/g;

/** Text as markup that shows it. */
export function escape(text) {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}

/** Where a paragraph is broken by one of our blocks: looked for only as far as the paragraph goes. */
function startInParagraph(source, rule) {
  const end = source.indexOf("\n\n");
  const at = (end < 0 ? source : source.slice(0, end)).search(rule);
  return at < 0 ? undefined : at + 1;
}

const mathBlock = {
  name: "mathBlock",
  level: "block",
  start: (source) => startInParagraph(source, /\n {0,3}(?:\$\$|\\\[)/),
  tokenizer(source) {
    if (!PLACES.test(source.slice(0, 5))) return undefined;
    const match = BLOCK_MATH.map((rule) => rule.exec(source)).find(Boolean);
    return match ? { type: "mathBlock", raw: match[0], text: match[1].trim(), display: true } : undefined;
  },
  renderer: mathMarkup,
};

const mathInline = {
  name: "mathInline",
  level: "inline",
  start: (source) => {
    const at = source.search(PLACES);
    return at < 0 ? undefined : at;
  },
  tokenizer(source) {
    if (source[0] !== "$" && source[0] !== "\\") return undefined;
    for (const { rule, display } of INLINE_MATH) {
      const match = rule.exec(source);
      if (match) return { type: "mathInline", raw: match[0], text: match[1].trim(), display };
    }
    return undefined;
  },
  renderer: mathMarkup,
};

function mathMarkup(token) {
  const tag = token.type === "mathBlock" ? "div" : "span";
  return `<${tag} class="math" data-math="${token.display ? "display" : "inline"}">${escape(token.text)}</${tag}>`;
}

const footnoteRef = {
  name: "footnoteRef",
  level: "inline",
  start: (source) => {
    const at = source.indexOf("[^");
    return at < 0 ? undefined : at;
  },
  tokenizer(source) {
    const match = /^\[\^([\w-]{1,40})\]/.exec(source);
    return match ? { type: "footnoteRef", raw: match[0], id: match[1], text: match[0] } : undefined;
  },
  renderer: (token) => `<sup class="footnote-ref" data-footnote="${escape(token.id)}"></sup>`,
};

const footnote = {
  name: "footnote",
  level: "block",
  start: (source) => startInParagraph(source, /\n\[\^[\w-]{1,40}\]:/),
  tokenizer(source) {
    const match = FOOTNOTE.exec(source);
    if (!match) return undefined;
    const text = match[2].replace(/\n\s+/g, "\n");
    return { type: "footnote", raw: match[0], id: match[1], text, tokens: this.lexer.inline(text) };
  },
  renderer(token) {
    return `<div class="footnote" data-footnote="${escape(token.id)}">${this.parser.parseInline(token.tokens)}</div>\n`;
  },
};

const renderer = {
  image({ href, title, text }) {
    return `<span class="remote-image" data-src="${escape(href)}" data-label="${escape(text || title || "")}"></span>`;
  },
  html({ text }) {
    return text.replace(TAG, writtenTag);
  },
};

/**
 * A tag that the page would drop is shown as it was written: people write `<Widget>` without backticks. Of the others
 * only harmless attributes stay: the browser reports style and handlers even where the sanitiser removes them.
 */
function writtenTag(tag, slash, name, rest) {
  const known = name.toLowerCase();
  if (!allowedTags.has(known)) return escape(tag);
  const attributes = [...rest.matchAll(ATTRIBUTE)].filter(([, key]) => allowedAttributes.has(key.toLowerCase()));
  return `<${slash}${known}${attributes.map(([, key, value]) => ` ${key}="${escape((value ?? "").replace(/^(["'])(.*)\1$/s, "$2"))}"`).join("")}>`;
}

/** Everything above, for `marked.use`. */
export const marks = { extensions: [mathBlock, mathInline, footnoteRef, footnote], renderer };
