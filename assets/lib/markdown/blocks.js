/** Markdown to blocks, and one block to markup: thin over marked, with a fresh instance so that nothing is global. */
import { Lexer, Marked } from "../../vendor/marked.js";
import { marks } from "./marks.js";

const marked = new Marked({ gfm: true, breaks: false, async: false });
marked.use(/** @type {any} */ (marks));
const options = marked.defaults;

/** Items of a list that make one block. */
const PIECE = 20;

/** @typedef {{type: string, raw: string, text?: string, lang?: string, tag?: string, ordered?: boolean,
 *   start?: number | "", items?: {raw: string}[], continued?: boolean}} Block */
/** @typedef {Record<string, {href: string, title: string}>} Links link definitions, filled while blocks are read */

/** Cuts Markdown into its outermost blocks; their insides are not read yet. @returns {Block[]} */
export function cut(source, /** @type {Links} */ links) {
  const lexer = new Lexer(/** @type {any} */ (options));
  lexer.tokens.links = links;
  return /** @type {Block[]} */ (lexer.blockTokens(source, [])).flatMap(pieces);
}

/** A long list comes in pieces, so that its first items are finished while the last are written. */
function pieces(/** @type {Block} */ block) {
  const items = block.items ?? [];
  if (block.type !== "list" || items.length <= PIECE) return [block];
  const raws = items.map((item) => item.raw);
  if (raws.join("") !== block.raw) return [block];
  const parts = [];
  for (let at = 0; at < items.length; at += PIECE) {
    parts.push({ ...block, raw: raws.slice(at, at + PIECE).join(""), items: items.slice(at, at + PIECE), start: block.ordered ? Number(block.start) + at : block.start });
  }
  return parts;
}

/** Whether a list goes on with the one right before it: the same sign in front of its items. */
export function continues(/** @type {Block} */ block, /** @type {Block | null} */ before) {
  return block.type === "list" && before?.type === "list" && sign(block) === sign(before);
}

function sign(block) {
  return /^\s*\d*([-*+.)])/.exec(block.raw)?.[1];
}

/** The markup of one block; not yet sanitised. @returns {string} */
export function markup(/** @type {Block} */ block, /** @type {Links} */ links) {
  const list = tokens(block.raw, links);
  if (block.ordered && list[0]?.type === "list") list[0].start = block.start;
  return marked.parser(list);
}

/** What a reader would copy: Markdown without its signs. @returns {string} */
export function plainText(/** @type {string} */ source) {
  return plainBlocks(tokens(source, {})).trim();
}

function tokens(source, links) {
  const lexer = new Lexer(/** @type {any} */ (options));
  lexer.tokens.links = links;
  return lexer.lex(source);
}

function plainBlocks(list) {
  return list.map(plain).join("");
}

function plain(token) {
  switch (token.type) {
    case "space":
      return "";
    case "br":
      return "\n";
    case "hr":
      return "\n";
    case "code":
      return `${token.text}\n\n`;
    case "list":
      return `${plainItems(token)}\n`;
    case "table":
      return `${[token.header, ...token.rows].map((row) => row.map((cell) => plainBlocks(cell.tokens)).join("\t")).join("\n")}\n\n`;
    case "paragraph":
    case "heading":
    case "footnote":
      return `${plainBlocks(token.tokens)}\n\n`;
    case "html":
    case "def":
      return "";
    case "image":
      return token.text;
    case "footnoteRef":
      return "";
    default:
      return token.tokens ? plainBlocks(token.tokens) : unescape(token.text ?? token.raw);
  }
}

function plainItems(token) {
  return token.items
    .map((item, index) => {
      const sign = token.ordered ? `${Number(token.start || 1) + index}. ` : "- ";
      return `${sign}${plainBlocks(item.tokens).trim().replace(/\n/g, "\n  ")}\n`;
    })
    .join("");
}

const SIGNS = { "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'", "&amp;": "&" };

function unescape(text) {
  return text.replace(/&(?:lt|gt|quot|amp|#39);/g, (entity) => SIGNS[entity]);
}
