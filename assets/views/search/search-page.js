/** Search as a page of its own, so that what was looked for, and how it was narrowed, has an address. */
import { Icon } from "../../components/icon.js";
import { go, route } from "../../lib/router.js";
import { t } from "../../lib/text.js";
import { reasonOf } from "../../state/notices.js";
import { grouped, narrowed, query, results } from "../../state/search.js";
import { useEffect, useRef } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { ResultLine, resultKey, resultPath } from "./result-line.js";
import { filtersOf, SearchFilters } from "./search-filters.js";

/** `/search?q=&scope=&collection=&kind=&from=&to=` */
export function SearchPage() {
  const { query: address } = route.value;
  const words = address.get("q") ?? "";
  const field = useRef(null);
  const filters = filtersOf(address);
  useEffect(() => field.current.focus(), []);
  useEffect(() => {
    document.title = `${t("action.search")} · Inglenook`;
    query.value = words;
    narrowed.value = filters;
  }, [words, JSON.stringify(filters)]);
  const change = (fields) => {
    const next = new URLSearchParams(address);
    for (const [name, value] of Object.entries(fields)) {
      if (value) next.set(name, value);
      else next.delete(name);
    }
    go(`/search?${next}`, true);
  };
  const onKeyDown = (event) => {
    const links = [...event.currentTarget.querySelectorAll(".results a")];
    const at = links.indexOf(/** @type {any} */ (document.activeElement));
    if (event.key === "ArrowDown" && event.target.localName !== "select") links[Math.min(at + 1, links.length - 1)]?.focus();
    else if (event.key === "ArrowUp" && at > 0) links[at - 1].focus();
    else if (event.key === "ArrowUp" && at === 0) field.current.focus();
    else if (event.key === "Enter" && event.target === field.current) links[0]?.click();
    else return;
    event.preventDefault();
  };
  return html`<div class="page search-page" onKeyDown=${onKeyDown}>
    <h1>${t("action.search")}</h1>
    <search class="stack tight">
      <div class="palette-field boxed"><${Icon} name="search" /><input ref=${field} type="search" value=${words} aria-label=${t("palette.placeholder")} placeholder=${t("palette.placeholder")} autocomplete="off" spellcheck=${false} onInput=${(event) => change({ q: event.currentTarget.value })} />
        ${results.value.state === "busy" && html`<span class="spinner" aria-hidden="true"></span>`}</div>
      <${SearchFilters} address=${address} change=${change} />
    </search>
    <p class="hint" role="status">${said(words)}</p>
    ${words.trim() && grouped.value.map(([name, items]) => html`<${Group} key=${name} name=${name} items=${items} />`)}
  </div>`;
}

function said(words) {
  const { state, took, error } = results.value;
  const count = grouped.value.reduce((sum, [, items]) => sum + items.length, 0);
  if (!words.trim()) return t("search.hint");
  if (state === "failed") return reasonOf(error);
  if (state !== "ready") return "";
  return count ? t("search.count", { n: count, ms: Math.round(took) }) : t("search.nothing");
}

function Group({ name, items }) {
  return html`<section aria-label=${t(`palette.${name}`)}>
    <h2 class="chat-group">${t(`palette.${name}`)}</h2>
    <ul class="plain-list results">${items.map((item) => html`<li key=${resultKey(item)}><a href=${resultPath(item)}><${ResultLine} item=${item} /></a></li>`)}</ul>
  </section>`;
}
