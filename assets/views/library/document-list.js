/** The documents of a view. Ten thousand of them scroll: only what is seen is drawn, and pages come as they are reached. */
import { VirtualList } from "../../components/virtual-list.js";
import { t } from "../../lib/text.js";
import { mark, trashDocuments } from "../../state/library.js";
import { reasonOf } from "../../state/notices.js";
import { listed, listState, loadMore, reloadList } from "../../state/shelf.js";
import { useCallback, useMemo } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { DocumentRow } from "./document-row.js";
import { Inside } from "./inside.js";

const MORE = "more:";
const INSIDE = "inside:";
const ROW_REM = 3.75;

/** @param {{shown: import("../../lib/library-address.js").View, change: (fields: any) => void}} props */
export function DocumentList({ shown, change }) {
  const { state, more, error } = listState.value;
  const { query, view } = shown;
  const inside = query.length > 1 && view === "documents";
  const keys = useMemo(() => [...(inside ? [INSIDE] : []), ...listed.value, ...(more ? [MORE] : [])], [listed.value, more, inside]);
  const guess = useCallback((key) => (key === INSIDE ? 0 : ROW_REM) * parseFloat(getComputedStyle(document.documentElement).fontSize), []);
  const row = useCallback(
    (key) => {
      if (key === MORE) return html`<p class="hint chat-more">${t("list.more")}</p>`;
      return key === INSIDE ? html`<${Inside} shown=${shown} />` : html`<${DocumentRow} id=${key} />`;
    },
    [shown.query, shown.collection, shown.kind],
  );
  if (state === "loading") return html`<${Waiting} />`;
  if (state === "failed") {
    return html`<div class="empty" role="alert">
      <p>${reasonOf(error)}</p>
      <button type="button" class="button" onClick=${reloadList}>${t("action.retry")}</button>
    </div>`;
  }
  const none = !listed.value.length && html`<${Nothing} shown=${shown} change=${change} />`;
  if (none && !inside) return none;
  return html`<div class="document-box" onKeyDown=${onKeyDown}>
    <${VirtualList} class="document-list" keys=${keys} guess=${guess} row=${row} newest onEnd=${loadMore} label=${t("library.list")} role="group" />
    ${none}
  </div>`;
}

/** Arrows walk the rows, x marks, Delete puts away. */
function onKeyDown(event) {
  if (event.target.closest("input, [role=menu]") || event.ctrlKey || event.metaKey || event.altKey) return;
  const row = event.target.closest("[data-document]");
  if (!row) return;
  const { document: id } = row.dataset;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (step) {
    const rows = [...event.currentTarget.querySelectorAll("[data-document]")];
    rows[rows.indexOf(row) + step]?.querySelector("a")?.focus();
  } else if (event.key === "x") mark(id, listed.value);
  else if (event.key === "Delete" && !row.classList.contains("thrown")) trashDocuments([id]);
  else return;
  event.preventDefault();
}

function Nothing({ shown, change }) {
  const { view, query, collection, kind, state } = shown;
  const narrowed = query || kind || state;
  const words = narrowed ? "library.none_fit" : view === "trash" ? "library.none_trash" : collection ? "library.none_collection" : "library.none";
  return html`<div class="empty">
    <p>${t(words)}</p>
    ${narrowed && html`<button type="button" class="button" onClick=${() => change({ query: "", kind: null, state: null })}>${t("library.show_all")}</button>`}
  </div>`;
}

function Waiting() {
  return html`<div class="document-waiting" role="img" aria-label=${t("list.loading")}>${[60, 42, 70, 50, 64, 38].map((width) => html`<p><span></span><span style=${{ inlineSize: `${width}%` }}></span></p>`)}</div>`;
}
