/** Search inside one document: the places that fit, each one click away. */
import { Icon } from "../../components/icon.js";
import { Snippet } from "../../components/snippet.js";
import { t } from "../../lib/text.js";
import { reasonOf } from "../../state/notices.js";
import { lookInside } from "../../state/search.js";
import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";

const PAUSE_MS = 150;

/** @param {{id: string, words: string, onWords: (words: string) => void, onGo: (hit: any) => void}} props */
export function FindInside({ id, words, onWords, onGo }) {
  const [hits, setHits] = useState(/** @type {any[]|null} */ (null));
  const [error, setError] = useState(null);
  const [open, setOpen] = useState(false);
  const list = useRef(null);
  useEffect(() => {
    setError(null);
    if (!words.trim()) return void setHits(null);
    const stop = new AbortController();
    const timer = setTimeout(() => lookInside(words, { document_id: id }, stop.signal).then(setHits, (cause) => cause.name === "AbortError" || setError(cause)), PAUSE_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [id, words]);
  const go = (hit) => {
    setOpen(false);
    onGo(hit);
  };
  const onKeyDown = (event) => {
    const rows = [...(list.current?.querySelectorAll("button") ?? [])];
    const at = rows.indexOf(document.activeElement);
    if (event.key === "ArrowDown") rows[Math.min(at + 1, rows.length - 1)]?.focus();
    else if (event.key === "ArrowUp" && at > 0) rows[at - 1].focus();
    else if (event.key === "ArrowUp") event.currentTarget.querySelector("input").focus();
    else if (event.key === "Enter" && at === -1 && hits?.length) go(hits[0]);
    else if (event.key === "Escape" && open && words) setOpen(false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const onBlur = (event) => event.currentTarget.contains(event.relatedTarget) || setOpen(false);
  const shown = open && words.trim() && (hits || error);
  return html`<div class="find-inside" role="search" onKeyDown=${onKeyDown} onFocusOut=${onBlur}>
    <label class="find-field"><${Icon} name="search" /><span class="hidden">${t("document.find")}</span>
      <input type="search" value=${words} placeholder=${t("document.find")} autocomplete="off" spellcheck=${false} onFocus=${() => setOpen(true)}
        onInput=${(event) => (setOpen(true), onWords(event.currentTarget.value))} /></label>
    <span class="hidden" role="status">${shown && hits ? t("document.found", { n: hits.length }) : ""}</span>
    ${shown &&
    html`<div class="find-list" ref=${list}>
      ${error ? html`<p class="hint">${reasonOf(error)}</p>` : !hits.length ? html`<p class="hint">${t("document.found_none")}</p>` : null}
      ${!error && hits.map((hit) => html`<button type="button" key=${`${hit.start}`} class="find-hit" onClick=${() => go(hit)}><span class="hint">${placeOf(hit)}</span><${Snippet} text=${hit.snippet.text} matches=${hit.snippet.matches} /></button>`)}
    </div>`}
  </div>`;
}

/** Page and heading of a passage, as far as there are any. */
export function placeOf({ page, heading, location }) {
  const parts = [page !== null && page !== undefined && t("document.page", { n: page }), heading?.replaceAll(" > ", " › ")].filter(Boolean);
  return parts.join(" · ") || location || "";
}
