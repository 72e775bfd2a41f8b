/** Passages that hold the words, above the documents whose names do. */
import { t } from "../../lib/text.js";
import { lookInside } from "../../state/search.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { ResultLine, resultPath } from "../search/result-line.js";

const MOST = 4;
const PAUSE_MS = 200;

/** @param {{shown: import("../../lib/library-address.js").View}} props */
export function Inside({ shown }) {
  const { query, collection, kind } = shown;
  const [hits, setHits] = useState([]);
  useEffect(() => {
    const stop = new AbortController();
    const filters = { ...(collection && collection !== "none" && { collection_id: collection }), ...(kind && { kind }) };
    const timer = setTimeout(() => lookInside(query, filters, stop.signal, MOST + 1).then(setHits, () => {}), PAUSE_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [query, collection, kind]);
  if (!hits.length) return null;
  const all = new URLSearchParams({ q: query, scope: "documents", ...(collection && collection !== "none" && { collection }), ...(kind && { kind }) });
  return html`<section class="inside" aria-label=${t("library.inside")}>
    <h2 class="chat-group">${t("library.inside")}</h2>
    <ul class="plain-list results">${hits.slice(0, MOST).map((item) => html`<li key=${`${item.id}${item.start}`}><a href=${resultPath(item)}><${ResultLine} item=${item} /></a></li>`)}</ul>
    ${hits.length > MOST && html`<p class="inside-all"><a href=${`/search?${all}`}>${t("library.inside_all")}</a></p>`}
    <h2 class="chat-group">${t("library.by_name")}</h2>
  </section>`;
}
