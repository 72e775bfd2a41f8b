/** An answer in the order in which it came: what was said, and between it the tools that were called. */

/**
 * `at` is where a piece begins in the text. An answer that was amended has its calls first: where they were made is
 * not known any more.
 * @param {{content?: string, calls?: any[], edited_at?: string|null}} message
 * @returns {{at: number, text?: string, calls?: any[]}[]}
 */
export function pieces({ content = "", calls = [], edited_at: amended }) {
  const out = [];
  let from = 0;
  for (const call of calls) {
    const upto = amended ? 0 : Math.max(from, Math.min(call.at, content.length));
    if (content.slice(from, upto).trim()) out.push({ at: from, text: content.slice(from, upto) });
    from = upto;
    const last = out.at(-1);
    if (last?.calls) last.calls.push(call);
    else out.push({ at: from, calls: [call] });
  }
  if (content.slice(from).trim()) out.push({ at: from, text: content.slice(from) });
  return out;
}
