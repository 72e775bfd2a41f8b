/**
 * A piece of Markdown shown as words: its signs are left out, and what was found in it stays marked. A snippet
 * begins and ends anywhere, so this looks at signs and not at structure.
 */

/** Each rule drops what it matches but for the group `keep`. */
const RULES = [
  /```[\w+-]*|~~~[\w+-]*/g,
  /!?\[(?<keep>[^\]\n]*)\]\([^)\s]*(?:\s+"[^"]*")?\)/g,
  /(?<=^|\s|…)(?:#{1,6}|(?<!\d\s)[-*+])(?=\s)|(?<=^…?\s?)>(?=\s)/g,
  /(?<![\w\\])(?:\*\*\*|___|\*\*|__|\*|_|~~|``|`)(?=\S)|(?<=\S)(?:\*\*\*|___|\*\*|__|\*|_|~~|``|`)(?!\w)/g,
  /\\(?=[\\`*_{}[\]()#+\-.!|<>~$])/g,
  /(?<=^|\s)\|?(?:\s*:?-{3,}:?\s*\|)+\s*:?-{0,}:?/g,
  /(?<=^|\s|…)\|(?=\s|$)/g,
];

/**
 * @param {string} text
 * @param {[number, number][]} matches offsets in UTF-16 units, in order
 * @returns {{text: string, matches: [number, number][]}}
 */
export function withoutSigns(text, matches = []) {
  const drop = new Uint8Array(text.length + 1);
  for (const rule of RULES) {
    for (const found of text.matchAll(rule)) {
      const end = found.index + found[0].length;
      const kept = found.groups?.keep;
      const from = kept === undefined ? end : found.index + found[0].indexOf("[") + 1;
      for (let at = found.index; at < end; at += 1) if (at < from || at >= from + (kept?.length ?? 0)) drop[at] = 1;
    }
  }
  // What the reader looked for stays, even where it is a sign.
  for (const [start, end] of matches) drop.fill(0, start, end);
  dropDoubleSpaces(text, drop);
  const moved = new Int32Array(text.length + 1);
  let kept = "";
  for (let at = 0; at < text.length; at += 1) {
    moved[at] = kept.length;
    if (!drop[at]) kept += text[at];
  }
  moved[text.length] = kept.length;
  return { text: kept, matches: matches.map(([start, end]) => [moved[Math.min(start, text.length)], moved[Math.min(end, text.length)]]) };
}

/** Where a sign between two spaces went, one space goes too. */
function dropDoubleSpaces(text, drop) {
  let space = true;
  for (let at = 0; at < text.length; at += 1) {
    if (drop[at]) continue;
    const now = text[at] === " ";
    if (now && space && at > 0 && drop[at - 1]) drop[at] = 1;
    else space = now;
  }
}
