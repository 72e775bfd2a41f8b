/** Where questions are written: it grows with them, keeps them as drafts, and offers models, prompts and documents. */
import { Icon } from "../../components/icon.js";
import { Suggestions } from "../../components/suggestions.js";
import { t } from "../../lib/text.js";
import { titleOf } from "../../state/documents.js";
import { draftOf, keepDraft } from "../../state/drafts.js";
import { modelById } from "../../state/models.js";
import { queue } from "../../state/queue.js";
import { useEffect, useLayoutEffect, useRef, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { useAttachments } from "./attaching.js";
import { ComposerBar } from "./composer-bar.js";
import { Attachment } from "./question.js";
import { offersFor } from "./offers.js";

const DRAFT_PAUSE_MS = 300;
const touch = matchMedia("(pointer: coarse)");

/**
 * @param {{id: string|null, busy: boolean, temporary?: boolean, onSend: (question: any) => Promise<boolean>, onStop?: () => void}} props
 */
export function Composer({ id, busy, temporary = false, onSend, onStop }) {
  const field = useRef(null);
  const [text, setText] = useState(() => (temporary ? "" : draftOf(id)));
  const [offers, setOffers] = useState(null);
  const [at, setAt] = useState(0);
  const [beside, setBeside] = useState(null);
  const [sending, setSending] = useState(false);
  const [named, setNamed] = useState(/** @type {any[]} */ ([]));
  const files = useAttachments(!temporary);

  useEffect(() => {
    if (temporary) return undefined;
    const timer = setTimeout(() => keepDraft(id, text), DRAFT_PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text]);
  const written = useRef(text);
  written.current = text;
  // Before anything is drawn, so that no key that follows is lost.
  useLayoutEffect(() => {
    if (!touch.matches) field.current.focus();
    // The page may go before the pause is over, such as when one has to sign in again.
    return () => temporary || keepDraft(id, written.current);
  }, []);
  // A question taken out of the queue returns here, and leaves again when it is put back.
  useEffect(() => {
    if (temporary) return;
    const draft = draftOf(id);
    if (!text && draft) setText(draft);
    else if (!draft && queue.value.some((waiting) => waiting.conversation === id && waiting.content === text.trim())) setText("");
  }, [queue.value]);
  useEffect(() => grow(field.current), [text]);

  const write = (next, caret = next.length) => {
    setText(next);
    offer(null);
    requestAnimationFrame(() => {
      field.current?.focus();
      field.current?.setSelectionRange(caret, caret);
    });
  };
  const name = (item) => setNamed((now) => [...now.filter((other) => other.id !== item.id), item]);
  const offered = useRef(null);
  const offer = (next) => {
    // What was found for the shorter word stays until the longer one is answered.
    if (next?.later && offered.current?.label === next.label) next.items = offered.current.items;
    offered.current = next;
    setOffers(next);
    setAt(0);
    next?.later?.then((items) => offered.current === next && (items ? offer({ ...next, items, later: null }) : setOffers(null)));
  };
  const onInput = (event) => {
    const { value, selectionStart } = event.currentTarget;
    wanted.current = false;
    setText(value);
    offer(offersFor(value, selectionStart, id, temporary, name));
  };
  const pick = (index) => offers.pick(offers.items[index], write);
  const wanted = useRef(false);
  // What was typed behind the first question goes along into its new chat.
  const onBegun = (target) => {
    keepDraft(target, written.current);
    written.current = "";
  };
  const send = async () => {
    const content = text.trim();
    if (!content && !files.list.length) return;
    // The next question goes when the one before is with the server.
    wanted.current = sending;
    if (sending) return;
    setSending(true);
    const question = { content: content || t("attach.alone"), attachments: files.list, documents: named.map((item) => item.id), compareWith: beside, onBegun };
    // Cleared at once, so that the next thought can be typed; put back when the server did not take it.
    setText("");
    if (!temporary) keepDraft(id, "");
    const [attached, chosen] = [files.list, named];
    files.clear();
    setNamed([]);
    const taken = await onSend(question);
    wanted.current &&= taken;
    setSending(false);
    if (!taken) {
      const before = (later) => (later ? `${content}\n\n${later}` : content);
      if (!temporary) keepDraft(id, before(written.current));
      setText(before);
      files.restore(attached);
      setNamed(chosen);
    }
  };
  useEffect(() => {
    if (!sending && wanted.current) send();
  }, [sending]);
  const onKeyDown = (event) => {
    if (event.isComposing) return;
    if (offers?.items.length && moveOffer(event, offers, at, setAt, pick)) return;
    if (offers && event.key === "Escape") offer(null);
    else if (event.key === "Enter" && !event.shiftKey && !(touch.matches && !event.ctrlKey)) send();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const model = beside && modelById(beside);
  return html`<form class=${`composer ${files.over ? "over" : ""}`} ...${files.drops} onSubmit=${(event) => (event.preventDefault(), send())} aria-label=${t("composer.title")}>
    ${offers && (offers.items.length > 0 || !offers.later) && html`<${Suggestions} id="offers" label=${offers.label} items=${offers.items} at=${at} onPick=${pick} empty=${offers.empty} footer=${offers.footer} />`}
    <div class="composer-box">
      ${(files.list.length > 0 || named.length > 0 || model) &&
      html`<ul class="plain-list attachments">
        ${files.list.map((entry) => html`<${Attachment} key=${entry.name} entry=${entry} onRemove=${() => files.drop(entry)} />`)}
        ${named.map((item) => html`<${Named} key=${item.id} item=${item} onRemove=${() => setNamed(named.filter((other) => other !== item))} />`)}
        ${model && html`<${Beside} model=${model} onRemove=${() => setBeside(null)} />`}
      </ul>`}
      <textarea
        ref=${field} id="composer" rows="1" dir="auto" value=${text} placeholder=${t(temporary ? "composer.temporary" : busy ? "composer.queue" : "composer.placeholder")}
        aria-label=${t("composer.label")} aria-autocomplete="list"
        aria-controls=${offers ? "offers" : undefined} aria-activedescendant=${offers?.items.length ? `offers-${at}` : undefined}
        onInput=${onInput} onKeyDown=${onKeyDown} onPaste=${files.onPaste} onBlur=${() => offer(null)}
      ></textarea>
      <${ComposerBar} id=${id} text=${text} files=${files} busy=${busy} temporary=${temporary} beside=${beside} onBeside=${setBeside}
        canSend=${Boolean(text.trim() || files.list.length) && !sending} onStop=${onStop} />
    </div>
    ${files.problem && html`<p class="composer-problem" role="alert">${files.problem}</p>`}
  </form>`;
}

function Named({ item, onRemove }) {
  const name = titleOf(item);
  return html`<li class="attachment named">
    <${Icon} name="shelf" /><span class="cut" title=${name}>${name}</span>
    <button type="button" class="icon-button" aria-label=${t("scope.without", { name })} onClick=${onRemove}><${Icon} name="close" /></button>
  </li>`;
}

function Beside({ model, onRemove }) {
  return html`<li class="attachment">
    <${Icon} name="columns" /><span class="cut">${t("compare.with", { model: model.name })}</span>
    <button type="button" class="icon-button" aria-label=${t("compare.without")} onClick=${onRemove}><${Icon} name="close" /></button>
  </li>`;
}

/** Arrows move through what is offered, Enter and Tab take it. @returns {boolean} whether the key was used */
function moveOffer(event, offers, at, setAt, pick) {
  const count = offers.items.length;
  if (event.key === "ArrowDown") setAt((at + 1) % count);
  else if (event.key === "ArrowUp") setAt((at + count - 1) % count);
  else if ((event.key === "Enter" && !event.shiftKey) || event.key === "Tab") pick(at);
  else return false;
  event.preventDefault();
  return true;
}

// `field-sizing: content` does this where a browser has it.
function grow(field) {
  if (!field || CSS.supports("field-sizing", "content")) return;
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
}
