/** The place of a text at which words were found, with the words marked. */

const BEFORE = 60;
const SHOWN = 240;

/** @param {string} text @param {string} words @returns {{text: string, matches: [number, number][]}} offsets are UTF-16 units, in order */
export function marked(text, words) {
  const starts = words.match(/[\p{L}\p{N}]+/gu) ?? [];
  if (!starts.length) return { text: text.slice(0, SHOWN), matches: [] };
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}])(?:${starts.join("|")})[\\p{L}\\p{N}]*`, "giu");
  const first = text.search(pattern);
  const space = first > BEFORE ? text.lastIndexOf(" ", first - BEFORE) + 1 : 0;
  // A text without spaces is cut at the word itself.
  const from = first - space > 2 * BEFORE ? first : space;
  const shown = `${from ? "… " : ""}${text.slice(from, from + SHOWN)}`;
  return { text: shown, matches: [...shown.matchAll(pattern)].map(({ index, 0: found }) => [index, index + found.length]) };
}
