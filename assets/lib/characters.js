/**
 * The server counts text in Unicode characters, the browser in UTF-16 units: an emoji is one there and two here.
 * Everything that turns one into the other stands in this file.
 */

const PAIR = /[\ud800-\udbff][\udc00-\udfff]/;

/** How many characters a text has. */
export function characters(text) {
  if (!PAIR.test(text)) return text.length;
  let count = 0;
  for (const _ of text) count += 1;
  return count;
}

/** The unit at which the character number `at` begins; the end of the text when it is shorter. */
export function unitAt(text, at) {
  if (at <= 0) return 0;
  if (!PAIR.test(text)) return Math.min(at, text.length);
  let unit = 0;
  for (const sign of text) {
    if (at === 0) return unit;
    at -= 1;
    unit += sign.length;
  }
  return unit;
}

/** The text from character `start` to character `end`. */
export function slice(text, start, end) {
  return text.slice(unitAt(text, start), unitAt(text, end));
}

/** Whether the text at a passage's place still is what was quoted; blanks do not count, nor where the quote was cut. */
export function sameWords(there, quoted) {
  const plain = (text) => text.replace(/\s+/g, " ").trim();
  const quote = plain(quoted).replace(/\s*…$/, "");
  return quote === "" || plain(there).startsWith(quote);
}
