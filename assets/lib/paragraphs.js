/**
 * A stretch of extracted text cut into what is drawn one below the other: paragraphs, headings, pages. Offsets are
 * characters of the whole document, as the server counts them.
 */
import { characters, unitAt } from "./characters.js";

const LONGEST = 3000;
const NEAR = 240;
const BREAK = /\n[ \t]*\n+/g;

/** @typedef {{key: string, start: number, end: number, text: string, level: number, page: number|null}} Paragraph */

const FENCE = /^ {0,3}(?:```|~~~)/;
const SIGN = /^ {0,3}(#{1,6})[ \t]+(\S.*?)[ \t#]*$/;

/** The headings that stand in a Markdown text, outside of its code. */
export function markdownHeadings(text, start) {
  const found = [];
  let code = false;
  let at = start;
  for (const line of text.split("\n")) {
    if (FENCE.test(line)) code = !code;
    const heading = code ? null : SIGN.exec(line);
    if (heading) found.push({ level: heading[1].length, text: heading[2], start: at });
    at += characters(line) + 1;
  }
  return found;
}

/**
 * @param {string} text
 * @param {number} start where it begins in the document
 * @param {{level: number, text: string, start: number}[]} headings each with the place where its passage begins
 * @param {{page: number, start: number}[]} pages
 * @returns {Paragraph[]}
 */
export function paragraphs(text, start, headings = [], pages = []) {
  const end = start + characters(text);
  const inside = (mark) => mark.start >= start && mark.start < end;
  const levels = new Map(headings.filter(inside).map((heading) => [lineOf(text, unitAt(text, heading.start - start), heading.text), heading.level]));
  levels.delete(-1);
  const numbers = new Map(pages.filter(inside).map((page) => [unitAt(text, page.start - start), page.page]));
  const cuts = new Set([0, ...levels.keys(), ...numbers.keys()]);
  for (const at of levels.keys()) {
    const line = text.indexOf("\n", at);
    if (line !== -1) cuts.add(line + 1);
  }
  for (const found of text.matchAll(BREAK)) cuts.add(found.index + found[0].length);
  const order = [...cuts].sort((one, two) => one - two);
  const list = [];
  let at = start;
  order.forEach((from, index) => {
    for (const piece of pieces(text.slice(from, order[index + 1] ?? text.length))) {
      const length = characters(piece);
      list.push({ key: String(at), start: at, end: at + length, text: piece, level: levels.get(from) ?? 0, page: numbers.get(from) ?? null });
      levels.delete(from);
      numbers.delete(from);
      at += length;
    }
  });
  return list;
}

/** Where the line stands that is a heading, beside the beginning of its passage; -1 when there is no such line. */
function lineOf(text, at, words) {
  const from = Math.max(0, at - NEAR);
  for (let found = text.indexOf(words, from); words && found !== -1 && found < at + NEAR; found = text.indexOf(words, found + 1)) {
    const start = text.lastIndexOf("\n", found - 1) + 1;
    const end = text.indexOf("\n", found);
    const line = text.slice(start, end === -1 ? text.length : end);
    if (line.replace(/^[#=*\s]+|[#=*\s]+$/g, "") === words) return start;
  }
  return -1;
}

/** A text without a single blank line is cut where a line or a word ends. */
function pieces(text) {
  const list = [];
  while (text.length > LONGEST) {
    const line = text.lastIndexOf("\n", LONGEST);
    const space = line > LONGEST / 2 ? line : text.lastIndexOf(" ", LONGEST);
    let at = space > LONGEST / 2 ? space + 1 : LONGEST;
    // Never between the two halves of one sign.
    if (/[\ud800-\udbff]/.test(text[at - 1])) at += 1;
    list.push(text.slice(0, at));
    text = text.slice(at);
  }
  if (text) list.push(text);
  return list;
}

/** The paragraph that holds a character, or the last one before it. */
export function paragraphAt(/** @type {Paragraph[]} */ list, position) {
  return list.findLast((entry) => entry.start <= position) ?? list[0];
}
