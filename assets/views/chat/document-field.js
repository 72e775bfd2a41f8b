/** A field that finds documents by name. */
import { t } from "../../lib/text.js";
import { findDocuments, titleOf } from "../../state/documents.js";
import { useEffect, useId, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { Suggestions } from "../../components/suggestions.js";

const MOST = 8;
const PAUSE_MS = 80;

/** @param {{label: string, without: string[], onPick: (id: string) => void}} props `without`: documents that are chosen already */
export function DocumentField({ label, without, onPick }) {
  const id = useId();
  const [words, setWords] = useState("");
  const [open, setOpen] = useState(false);
  const [found, setFound] = useState(/** @type {any[]|null} */ (null));
  const [at, setAt] = useState(0);
  useEffect(() => {
    if (!open) return undefined;
    let left = false;
    const look = () => findDocuments(words.trim(), MOST + without.length).then((items) => left || (setFound(items), setAt(0)), () => left || setFound([]));
    const timer = setTimeout(look, PAUSE_MS);
    return () => {
      left = true;
      clearTimeout(timer);
    };
  }, [words, open]);
  const items = (found ?? []).filter((item) => !without.includes(item.id)).slice(0, MOST).map((item) => ({ id: item.id, title: titleOf(item), hint: item.kind ? t(`kind.${item.kind}`) : "" }));
  const pick = (index) => {
    onPick(items[index].id);
    setWords("");
  };
  const onKeyDown = (event) => {
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key];
    if (to !== undefined && items.length) setAt((to + items.length) % items.length);
    else if (event.key === "Enter" && open && items[at]) pick(at);
    else if (event.key === "Escape" && open) setOpen(false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`<div class="document-field">
    <input class="input" role="combobox" aria-label=${label} placeholder=${label} autocomplete="off" spellcheck=${false} value=${words} aria-expanded=${open && items.length > 0 ? "true" : "false"}
      aria-controls=${open && found ? `${id}-list` : undefined} aria-activedescendant=${open && items.length ? `${id}-list-${at}` : undefined}
      onInput=${(event) => (setWords(event.currentTarget.value), setOpen(true))} onFocus=${() => setOpen(true)} onBlur=${() => setOpen(false)} onKeyDown=${onKeyDown} />
    ${open && found && html`<${Suggestions} id=${`${id}-list`} label=${label} items=${items} at=${at} onPick=${pick} empty=${t(words.trim() ? "scope.none_named" : "library.none")} />`}
  </div>`;
}
