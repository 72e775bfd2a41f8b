/** Search as a page of its own, so that what was looked for has an address. */
import { Icon } from "../../components/icon.js";
import { go, route } from "../../lib/router.js";
import { t } from "../../lib/text.js";
import { reasonOf } from "../../state/notices.js";
import { grouped, query, results } from "../../state/search.js";
import { useEffect, useRef } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { ResultLine, resultPath } from "./result-line.js";

/** `/search?q=` */
export function SearchPage() {
  const words = route.value.query.get("q") ?? "";
  const field = useRef(null);
  useEffect(() => field.current.focus(), []);
  useEffect(() => {
    document.title = `${t("action.search")} · Inglenook`;
    query.value = words;
  }, [words]);
  const onInput = (event) => go(`/search?q=${encodeURIComponent(event.currentTarget.value)}`, true);
  const { state, error, took } = results.value;
  const { conversations, messages } = grouped.value;
  const none = state === "ready" && !conversations.length && !messages.length;
  return html`<div class="page">
    <h1>${t("action.search")}</h1>
    <search class="palette-field boxed"><${Icon} name="search" /><input ref=${field} type="search" value=${words} aria-label=${t("palette.placeholder")} placeholder=${t("palette.placeholder")} onInput=${onInput} /></search>
    <p class="hint" role="status">${state === "failed" ? reasonOf(error) : none ? t("palette.nothing") : state === "ready" && took !== null ? t("search.count", { n: conversations.length + messages.length, ms: Math.round(took) }) : !words ? t("search.hint") : ""}</p>
    <${Group} name="conversations" items=${conversations} /><${Group} name="messages" items=${messages} />
  </div>`;
}

function Group({ name, items }) {
  if (!items.length) return null;
  return html`<section aria-label=${t(`palette.${name}`)}>
    <h2 class="chat-group">${t(`palette.${name}`)}</h2>
    <ul class="plain-list results">${items.map((item) => html`<li key=${item.id}><a href=${resultPath(item)}><${ResultLine} item=${item} /></a></li>`)}</ul>
  </section>`;
}
