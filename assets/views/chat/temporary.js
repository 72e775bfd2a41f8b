/** A temporary chat: nothing of it is kept, here or on the server. */
import { Icon } from "../../components/icon.js";
import { VirtualList } from "../../components/virtual-list.js";
import { t } from "../../lib/text.js";
import { askTemporary, clearTemporary, stopTemporary, temporaryMessage, temporaryMessages, temporaryTurn } from "../../state/temporary.js";
import { useEffect, useMemo, useRef } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { TopBar } from "../shell/top-bar.js";
import { Answer } from "./answer.js";
import { CiteCard } from "./cite-card.js";
import { Composer } from "./composer.js";
import { Question } from "./question.js";

const guess = () => 160;

/** The page; leaving it ends the chat. */
export function TemporaryPage() {
  const control = useRef(null);
  useEffect(() => {
    document.title = `${t("temporary.title")} · Inglenook`;
    return clearTemporary;
  }, []);
  const messages = temporaryMessages.value;
  const keys = useMemo(() => messages.map((message) => message.id), [messages.at(-1)?.id]);
  const draw = (key) => html`<${Entry} id=${key} />`;
  const send = ({ content }) => {
    control.current?.toEnd();
    askTemporary(content);
    return Promise.resolve(true);
  };
  const last = messages.at(-1);
  return html`<div class="chat temporary">
    <${TopBar}>
      <div class="grow chat-title"><h1 class="cut">${t("temporary.title")}</h1><span class="badge warn"><${Icon} name="ghost" />${t("temporary.badge")}</span></div>
      ${messages.length > 0 && html`<button type="button" class="button small" onClick=${clearTemporary}>${t("temporary.clear")}</button>`}
    <//>
    ${messages.length
      ? html`<div class="thread"><${VirtualList} class="messages" keys=${keys} guess=${guess} row=${draw} stick control=${control} /><${CiteCard} find=${temporaryMessage} /></div>`
      : html`<div class="thread empty"><${Icon} name="ghost" class="large" /><p>${t("temporary.text")}</p></div>`}
    <${Composer} id="temporary" temporary busy=${Boolean(temporaryTurn.value) || last?.state === "streaming"} onSend=${send} onStop=${stopTemporary} />
  </div>`;
}

function Entry({ id }) {
  const message = temporaryMessage(id);
  if (!message) return null;
  return message.role === "user" ? html`<${Question} conversation=${null} message=${message} />` : html`<${Answer} conversation=${null} held=${{ value: message }} />`;
}
