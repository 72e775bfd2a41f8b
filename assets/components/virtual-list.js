/**
 * A list that draws only what is on screen. Rows may have any height: what is drawn is measured, the rest is
 * guessed, and the row at the top of the window stays where it is whatever changes above it.
 */
import { rowAt, tops, windowOf } from "../lib/offsets.js";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../vendor/hooks.js";
import { html } from "../vendor/html.js";

const SPARE_PX = 600;
const END_PX = 48;
const NEAR_ROWS = 6;
// A row of which only a rim is left is not what one reads.
const LEAST_SEEN_PX = 40;

/**
 * @param {{keys: string[], guess: (key: string) => number, row: (key: string, index: number) => any, stick?: boolean, newest?: boolean,
 *   fixed?: boolean, onTop?: () => void, onSeen?: (key: string) => void, onEnd?: () => void, onAway?: (away: boolean) => void, control?: {current: any}, class?: string,
 *   label?: string, role?: string, reachable?: boolean}} props
 *   `onSeen` tells the first row in the window; `stick` starts at the end and stays there until the reader scrolls up; `newest` shows at the top what comes above; `fixed` trusts `guess` and measures nothing;
 *   `reachable`: the Tab key stops here, so that text without links can be scrolled by keyboard; `control.current` gets `toEnd()` and `toKey(key)`
 */
export function VirtualList({ keys, guess, row, stick = false, newest = false, fixed = false, onTop, onEnd, onSeen, onAway, control, class: extra = "", label, role, reachable = false }) {
  const box = useRef(null);
  const heights = useRef(new Map());
  const anchor = useRef(/** @type {any} */ (stick ? "end" : null));
  const lastTop = useRef(0);
  const away = useRef(false);
  const [revision, setRevision] = useState(0);
  const [view, setView] = useState({ top: stick ? Number.MAX_SAFE_INTEGER : 0, height: 900 });
  const positions = useMemo(() => tops(keys, (key) => heights.current.get(key) ?? guess(key)), [keys, revision, guess]);
  const [start, end] = windowOf(positions, Math.min(view.top, positions[keys.length]), view.height, SPARE_PX);
  const now = useRef(null);
  now.current = { keys, positions };

  const observer = useObserver(heights, fixed, setRevision);
  const measure = useCallback((element) => element && !fixed && observer.current.observe(element), [fixed]);

  const look = () => {
    if (!box.current) return;
    const { scrollTop: top, clientHeight: height, scrollHeight } = box.current;
    const atEnd = scrollHeight - top - height < END_PX;
    if (stick && atEnd) anchor.current = "end";
    else if (newest && top <= 0) anchor.current = null;
    else if (anchor.current !== "end" || top < lastTop.current - 1) {
      anchor.current = anchorAt(now.current, heights.current, top, height);
    }
    lastTop.current = top;
    setView((old) => (old.height === height && Math.abs(old.top - top) < SPARE_PX / 4 ? old : { top, height }));
    tellAway(anchor.current !== "end");
    onSeen?.(now.current.keys[rowAt(now.current.positions, top + LEAST_SEEN_PX)]);
  };
  const tellAway = (is) => {
    if (away.current === is) return;
    away.current = is;
    onAway?.(is);
  };

  useLayoutEffect(() => {
    const element = box.current;
    // Scrolled up since the last look, and its event is still on the way: the reader goes first.
    const moved = element.scrollTop < lastTop.current - 1 && element.scrollHeight - element.scrollTop - element.clientHeight >= END_PX;
    if (moved) look();
    const wanted = place(anchor.current, now.current, element);
    if (wanted !== null && Math.abs(element.scrollTop - wanted) > 1) element.scrollTop = wanted;
    lastTop.current = element.scrollTop;
  });
  useEffect(() => {
    const resized = new ResizeObserver(() => look());
    resized.observe(box.current);
    return () => resized.disconnect();
  }, []);
  useEffect(() => {
    if (start <= NEAR_ROWS && keys.length) onTop?.();
    if (end >= keys.length - NEAR_ROWS && keys.length) onEnd?.();
  }, [start, end, keys]);

  if (control) {
    const go = (to) => {
      anchor.current = to;
      tellAway(to !== "end");
      const wanted = place(to, now.current, box.current);
      setView({ top: wanted ?? 0, height: box.current.clientHeight });
      setRevision((count) => count + 1);
    };
    control.current = {
      toEnd: () => go("end"),
      toKey: (key) => go({ key, offset: -Math.round(box.current.clientHeight / 5) }),
      atEnd: () => anchor.current === "end",
      element: () => box.current,
    };
  }
  const padding = { paddingBlockStart: `${positions[start]}px`, paddingBlockEnd: `${positions[keys.length] - positions[end]}px` };
  return html`<div ref=${box} class=${`virtual ${extra}`} role=${role} aria-label=${label} onScroll=${look} tabIndex=${reachable ? 0 : role ? undefined : -1}>
    <div class="virtual-body" style=${padding}>
      ${keys.slice(start, end).map((key, index) => html`<div class="virtual-row" key=${key} data-key=${key} ref=${measure}>${row(key, start + index)}</div>`)}
    </div>
  </div>`;
}

/** The first row in the window whose height is known: what is on screen stays, whatever a guess above turns out to be. */
function anchorAt({ keys, positions }, heights, top, height) {
  const first = rowAt(positions, top);
  let at = first;
  while (at < keys.length && positions[at] < top + height && !heights.has(keys[at])) at += 1;
  if (at >= keys.length || !heights.has(keys[at])) at = first;
  return { key: keys[at], offset: top - positions[at] };
}

function place(anchor, { keys, positions }, element) {
  if (anchor === "end") return element.scrollHeight - element.clientHeight;
  if (!anchor) return null;
  const at = keys.indexOf(anchor.key);
  return at === -1 ? null : Math.max(0, positions[at] + anchor.offset);
}

/** Watches the heights of drawn rows; rows that left the page are let go by the observer itself. */
function useObserver(heights, fixed, setRevision) {
  const observer = useRef(null);
  if (!observer.current && !fixed) {
    observer.current = new ResizeObserver((entries) => {
      let changed = false;
      for (const { target: element, borderBoxSize } of entries) {
        const target = /** @type {HTMLElement} */ (element);
        if (!target.isConnected) {
          observer.current.unobserve(target);
          continue;
        }
        const height = borderBoxSize[0].blockSize;
        if (heights.current.get(target.dataset.key) === height) continue;
        heights.current.set(target.dataset.key, height);
        changed = true;
      }
      if (changed) setRevision((count) => count + 1);
    });
  }
  useEffect(() => () => observer.current?.disconnect(), []);
  return observer;
}
