/** A chat: its messages and the composer, or the first screen while there are none. */
import { Icon } from "../../components/icon.js";
import { t } from "../../lib/text.js";
import { ask, stop } from "../../state/asking.js";
import { conversation, loadConversation } from "../../state/conversations.js";
import { reasonOf } from "../../state/notices.js";
import { enqueue, hold } from "../../state/queue.js";
import { openThread } from "../../state/threads.js";
import { show } from "../../state/unread.js";
import { useEffect, useMemo, useRef, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { titleOf } from "../sidebar/chat-row.js";
import { Composer } from "./composer.js";
import { Header } from "./header.js";
import { Thread } from "./thread.js";
import { Welcome } from "./welcome.js";

/** @param {{id: string|null, target?: string|null}} props `target`: a message to open at */
export function ChatPage({ id, target = null }) {
  return id ? html`<${Existing} id=${id} target=${target} />` : html`<${Fresh} />`;
}

function Fresh() {
  useEffect(() => {
    show(null);
    document.title = "Inglenook";
  }, []);
  const send = (question) => ask(null, question);
  return html`<div class="chat fresh">
    <${Header} id=${null} />
    <div class="fresh-body"><${Welcome}><${Composer} id=${null} busy=${false} onSend=${send} /><//></div>
  </div>`;
}

function Existing({ id, target }) {
  const item = conversation(id).value;
  const [error, setError] = useState(null);
  const thread = useMemo(() => openThread(id), [id]);
  const control = useRef(null);
  const load = () => {
    setError(null);
    loadConversation(id).catch(setError);
  };
  useEffect(() => {
    show(id);
    if (!conversation(id).peek()?.created_at) load();
    return () => show(null);
  }, [id]);
  const title = item && !item.missing ? titleOf(item) : null;
  useEffect(() => {
    document.title = title ? `${title} · Inglenook` : "Inglenook";
  }, [title]);
  if (item?.missing) return html`<${Gone} />`;
  if (error && !item) return html`<${Failed} error=${error} retry=${load} />`;
  const busy = Boolean(item?.running_turns?.length);
  const send = async (question) => {
    control.current?.toEnd();
    if (!busy) return ask(id, question);
    enqueue(id, question);
    return true;
  };
  const halt = () => {
    hold(id);
    stop(id);
  };
  return html`<div class="chat">
    <${Header} id=${id} />
    <${Thread} thread=${thread} target=${target} control=${control} />
    ${item?.deleted_at
      ? html`<p class="in-trash"><${Icon} name="trash" />${t("chat.in_trash")}</p>`
      : html`<${Composer} key=${id} id=${id} busy=${busy} onSend=${send} onStop=${halt} />`}
  </div>`;
}

function Gone() {
  return html`<${Header} id=${null} />
    <div class="empty page-empty">
      <h1>${t("chat.gone")}</h1>
      <p>${t("chat.gone_text")}</p>
      <a class="button primary" href="/">${t("action.new_chat")}</a>
    </div>`;
}

function Failed({ error, retry }) {
  return html`<${Header} id=${null} />
    <div class="empty page-empty">
      <h1>${t("chat.failed")}</h1>
      <p>${reasonOf(error)}</p>
      <button type="button" class="button primary" onClick=${retry}>${t("action.retry")}</button>
    </div>`;
}
