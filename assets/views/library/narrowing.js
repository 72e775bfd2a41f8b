/** What narrows the list: words, kind and state; and the start of selecting several. */
import { Icon } from "../../components/icon.js";
import { Menu } from "../../components/menu.js";
import { t } from "../../lib/text.js";
import { KINDS, STATES } from "../../state/documents.js";
import { marking, purgeDocuments } from "../../state/library.js";
import { listed } from "../../state/shelf.js";
import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { askSure } from "./sure.js";

const PAUSE_MS = 120;

/** @param {{shown: import("../../lib/library-address.js").View, change: (fields: any, replace?: boolean) => void}} props */
export function Narrowing({ shown, change }) {
  const { kind, state, view } = shown;
  const choices = (values, name, now) => () => [
    { label: t(`library.any_${name}`), checked: !now, onSelect: () => change({ [name]: null }) },
    ...values.map((value) => ({ label: t(`${name}.${value}`), checked: value === now, onSelect: () => change({ [name]: value }) })),
  ];
  const pick = (name, values, now) => html`<span class="pick ${now ? "set" : ""}">
    <${Menu} class="filter-name" label=${t(`library.by_${name}`)} items=${choices(values, name, now)}><span class="cut">${now ? t(`${name}.${now}`) : t(`library.by_${name}`)}</span><${Icon} name="down" /><//>
    ${now && html`<button type="button" class="icon-button" aria-label=${t(`library.any_${name}`)} title=${t(`library.any_${name}`)} onClick=${() => change({ [name]: null })}><${Icon} name="close" /></button>`}
  </span>`;
  const emptyTrash = () => askSure({ text: t("library.purge_text", { n: listed.value.length }), then: () => purgeDocuments(listed.value) });
  return html`<div class="narrowing" role="search" aria-label=${t("library.find")}>
    <${Words} query=${shown.query} change=${change} />
    ${pick("kind", KINDS, kind)} ${view !== "trash" && pick("state", STATES, state)}
    ${view === "trash" && listed.value.length > 0 && html`<button type="button" class="button small danger" onClick=${emptyTrash}>${t("trash.empty")}</button>`}
    ${listed.value.length > 1 && html`<button type="button" class="icon-button" aria-label=${t("bulk.start")} title=${t("bulk.start")} onClick=${() => (marking.value = true)}><${Icon} name="check" /></button>`}
  </div>`;
}

function Words({ query, change }) {
  const [text, setText] = useState(query);
  const timer = useRef(0);
  const typed = useRef(query);
  // An address that changed by itself (Back, a link) wins over the field.
  useEffect(() => {
    if (query === typed.current) return;
    typed.current = query;
    setText(query);
  }, [query]);
  const onInput = (event) => {
    const words = event.currentTarget.value;
    setText(words);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => {
      typed.current = words.trim();
      change({ query: words.trim() }, true);
    }, PAUSE_MS);
  };
  return html`<label class="find-field"><${Icon} name="search" /><span class="hidden">${t("library.find")}</span>
    <input type="search" value=${text} placeholder=${t("library.find")} autocomplete="off" spellcheck=${false} onInput=${onInput} /></label>`;
}
