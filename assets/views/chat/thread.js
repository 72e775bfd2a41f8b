/** The messages of a chat, drawn as far as they are seen; it follows the end until the reader scrolls up. */
import { Icon } from "../../components/icon.js";
import { VirtualList } from "../../components/virtual-list.js";
import { go } from "../../lib/router.js";
import { t } from "../../lib/text.js";
import { complain, reasonOf } from "../../state/notices.js";
import { queue, release, unqueue } from "../../state/queue.js";
import { loadOlder, messageOf, refetch, seek } from "../../state/threads.js";
import { useCallback, useEffect, useMemo, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { CiteCard } from "./cite-card.js";
import { Message } from "./message.js";

const OLDER = "older:";
const QUEUED = "queued:";
const FOUND_MS = 2600;
const GUESS_PX = 180;
const guess = (key) => (key === OLDER ? 48 : GUESS_PX);

/** @param {{thread: import("../../state/threads.js").Thread, target: string|null, control: {current: any}}} props */
export function Thread({ thread, target, control }) {
  const { state, more, error } = thread.state.value;
  const [away, setAway] = useState(false);
  const found = useTarget(thread, target, control);
  const path = thread.path.value;
  const waiting = queue.value.filter((entry) => entry.conversation === thread.id);
  const keys = useMemo(() => [...(more ? [OLDER] : []), ...path, ...waiting.map((entry) => QUEUED + entry.key)], [more, path, queue.value]);
  const row = useCallback(
    (key) => {
      if (key === OLDER) return html`<p class="older hint"><span class="spinner" aria-hidden="true"></span>${t("thread.older")}</p>`;
      if (key.startsWith(QUEUED)) return html`<${Queued} id=${key.slice(QUEUED.length)} />`;
      return html`<${Message} thread=${thread} id=${key} found=${key === found} />`;
    },
    [thread, found],
  );
  if (state === "failed") {
    return html`<div class="thread empty">
      <p>${reasonOf(error)}</p>
      <button type="button" class="button" onClick=${() => refetch(thread)}>${t("action.retry")}</button>
    </div>`;
  }
  if (state === "loading") return html`<div class="thread"><${Waiting} /></div>`;
  return html`<div class="thread">
    <${VirtualList} class="messages" keys=${keys} guess=${guess} row=${row} stick control=${control} onTop=${() => more && loadOlder(thread).catch(() => {})} onAway=${setAway} />
    ${away && html`<button type="button" class="button jump" onClick=${() => control.current.toEnd()}><${Icon} name="arrowdown" />${t("thread.latest")}</button>`}
    <${CiteCard} key=${thread.id} find=${(id) => messageOf(thread, id)?.peek()} />
  </div>`;
}

/** Brings a message of the address into view, and marks it for a moment. */
function useTarget(thread, target, control) {
  const [found, setFound] = useState(null);
  const ready = thread.state.value.state === "ready";
  useEffect(() => {
    if (!target || !ready) return undefined;
    let timer = 0;
    let left = false;
    seek(thread, target)
      .then((there) => {
        if (left) return;
        if (!there) throw { message: t("thread.not_found") };
        setFound(target);
        requestAnimationFrame(() => control.current?.toKey(target));
        timer = setTimeout(() => setFound(null), FOUND_MS);
        go(`/c/${thread.id}`, true);
      })
      .catch(complain);
    return () => {
      left = left || !timer;
    };
  }, [thread, target, ready]);
  return found;
}

function Queued({ id }) {
  const entry = queue.value.find((waiting) => waiting.key === id);
  if (!entry) return null;
  return html`<article class="message question queued" aria-label=${t("queue.waiting")}>
    <div class="bubble">${entry.content}</div>
    <div class="row end">
      <span class="hint">${t(entry.held ? "queue.held" : "queue.waiting")}</span>
      ${entry.held && html`<button type="button" class="button small" onClick=${() => release(entry.conversation)}>${t("queue.send")}</button>`}
      <button type="button" class="button small quiet" onClick=${() => unqueue(id)}>${t("queue.remove")}</button>
    </div>
  </article>`;
}

function Waiting() {
  return html`<div class="thread-waiting" aria-hidden="true"><span></span><span></span><span></span></div>`;
}
