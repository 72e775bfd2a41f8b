/** Headings and pages of a document: where one is, and the way to each. */
import { VirtualList } from "../../components/virtual-list.js";
import { t } from "../../lib/text.js";
import { useMemo } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";

const ROW_REM = 2;
const DEEPEST = 4;
const guess = () => ROW_REM * parseFloat(getComputedStyle(document.documentElement).fontSize);

/** Where the outline leads, as `{label, start, level}`: headings, or pages where there are none. */
export function outlineOf(extract) {
  const headings = extract.headings.value;
  if (headings.length) return headings.map(({ text, start, level }) => ({ label: text, start, level }));
  return extract.pages.value.map(({ page, start }) => ({ label: t("document.page", { n: page }), start, level: 1 }));
}

/** @param {{extract: import("../../state/extract.js").Extract, at: number, onGo: (start: number) => void}} props */
export function Outline({ extract, at, onGo }) {
  const list = outlineOf(extract);
  const least = useMemo(() => Math.min(...list.map((entry) => entry.level)), [list.length]);
  if (list.length < 2) return null;
  const here = list.findLast((entry) => entry.start <= at);
  const byKey = new Map(list.map((entry) => [String(entry.start), entry]));
  const row = (key) => {
    const entry = byKey.get(key);
    const indent = { paddingInlineStart: `${0.5 + Math.min(entry.level - least, DEEPEST) * 0.75}rem` };
    return html`<button type="button" class="outline-row cut" style=${indent} title=${entry.label} aria-current=${entry === here ? "true" : undefined} onClick=${() => onGo(entry.start)}>${entry.label}</button>`;
  };
  return html`<nav class="outline" aria-label=${t("document.outline")}>
    <h2 class="chat-group">${t("document.outline")}</h2>
    <${VirtualList} class="outline-list" keys=${[...byKey.keys()]} guess=${guess} row=${row} fixed />
  </nav>`;
}
