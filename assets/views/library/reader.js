/**
 * The extracted text of a document, opened at a passage that is marked. A passage whose words are no longer at its
 * place is not marked, and the reader is told so.
 */
import { Icon } from "../../components/icon.js";
import { VirtualList } from "../../components/virtual-list.js";
import { sameWords, unitAt } from "../../lib/characters.js";
import { paragraphAt } from "../../lib/paragraphs.js";
import { t } from "../../lib/text.js";
import { reasonOf } from "../../state/notices.js";
import { useCallback, useEffect, useMemo, useRef, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";

const LINE_PX = 26;
const LINE_CHARACTERS = 80;

/**
 * @param {{extract: import("../../state/extract.js").Extract, from: number|null, to: number|null, quote?: string|null, visit?: any, verified?: boolean, onSeen?: (start: number) => void}} props
 *   `quote`: the words that were quoted from there; `visit` changes when the same place is to be shown again
 */
export function Reader({ extract, from, to, quote = null, visit = null, verified = true, onSeen }) {
  const control = useRef(null);
  const [arrived, setArrived] = useState(null);
  const { state, error } = extract.state.value;
  const list = extract.paragraphs.value;
  const ready = state === "ready";

  useEffect(() => {
    let left = false;
    extract.show(from ?? 0).then((there) => there && !left && setArrived({}));
    return () => {
      left = true;
    };
  }, [extract, from, visit]);

  const words = ready && quote !== null && to > from ? extract.between(from, to) : null;
  const lost = quote !== null && ready && arrived && (words === null || !sameWords(words, quote));
  const range = to > from && !lost ? [from, to] : null;

  useEffect(() => {
    if (!arrived || from === null) return undefined;
    control.current?.toKey(paragraphAt(extract.paragraphs.peek(), from)?.key);
    return centre(control.current?.element());
  }, [arrived]);

  const byKey = useMemo(() => new Map(list.map((entry) => [entry.key, entry])), [list]);
  const keys = useMemo(() => list.map((entry) => entry.key), [list]);
  const guess = useCallback((key) => LINE_PX * (1 + Math.ceil((byKey.get(key)?.text.length ?? 0) / LINE_CHARACTERS)), [byKey]);
  const row = useCallback((key) => html`<${Paragraph} entry=${byKey.get(key)} range=${range} />`, [byKey, range?.[0], range?.[1]]);

  if (state === "failed") {
    return html`<div class="empty" role="alert"><p>${reasonOf(error)}</p>
      <button type="button" class="button" onClick=${() => extract.show(from ?? 0).then(() => setArrived({}))}>${t("action.retry")}</button></div>`;
  }
  if (!ready) return html`<div class="thread-waiting reader-waiting" role="img" aria-label=${t("list.loading")}>${[90, 96, 70, 88, 40].map((width) => html`<span style=${{ inlineSize: `${width}%` }}></span>`)}</div>`;
  if (!list.length) return html`<p class="empty">${t("document.no_text")}</p>`;
  return html`${(lost || !verified) &&
    html`<div class="passage-lost" role="note"><${Icon} name="warning" /><div><strong>${t(lost ? "document.lost" : "document.unverified")}</strong>
      ${quote && html`<p class="lost-quote" dir="auto">${quote}</p>`}</div></div>`}
    <${VirtualList} class="reader" keys=${keys} guess=${guess} row=${row} control=${control} onTop=${() => extract.before()} onEnd=${() => extract.after()} onSeen=${(key) => key && onSeen?.(Number(key))} label=${t("document.text")} role="group" reachable />`;
}

/** Brings the mark into the middle once it is drawn; rows above it are measured only then, so it is asked again. */
function centre(box) {
  let frames = 6;
  let frame = 0;
  const look = () => {
    box?.querySelector(".passage")?.scrollIntoView({ block: "center" });
    frames -= 1;
    if (frames) frame = requestAnimationFrame(look);
  };
  frame = requestAnimationFrame(look);
  return () => cancelAnimationFrame(frame);
}

function Paragraph({ entry, range }) {
  if (!entry) return null;
  const { start, end, text, level, page } = entry;
  const hit = range && range[0] < end && range[1] > start;
  // The signs of a Markdown heading are not read out.
  const first = level ? (/^#{1,6}\s+/.exec(text)?.[0].length ?? 0) : 0;
  const from = hit ? Math.max(first, unitAt(text, range[0] - start)) : first;
  const to = hit ? Math.max(from, unitAt(text, Math.min(end, range[1]) - start)) : first;
  const words = hit ? html`${text.slice(first, from)}<mark class="passage">${text.slice(from, to)}</mark>${text.slice(to)}` : text.slice(first);
  return html`${page !== null && html`<p class="page-mark">${t("document.page", { n: page })}</p>`}
    ${level ? html`<p class=${`reader-heading level-${Math.min(level, 4)}`} role="heading" aria-level=${Math.min(level + 2, 6)} dir="auto">${words}</p>` : html`<p class="reader-text" dir="auto">${words}</p>`}`;
}
