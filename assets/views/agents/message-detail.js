/** One message whole: what it says, how far it came with each recipient, and what it belongs to. */
import { CodeBox } from "../../components/code-box.js";
import { Icon } from "../../components/icon.js";
import { logPath, sendPath } from "../../lib/bus-address.js";
import { go } from "../../lib/router.js";
import { t } from "../../lib/text.js";
import { deliverAgain, loadMessage, loadProgress, loadThread, recipientsOf, wordsOf } from "../../state/bus-message.js";
import { complain, reasonOf } from "../../state/notices.js";
import { useEffect, useRef } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { Loading } from "../settings/loading.js";
import { useFetched } from "./fetched.js";
import { MessageRow } from "./message-row.js";
import { Instant, Progress, Way } from "./signs.js";

const SHOWN_DELIVERIES = 200;
const GIVEN_UP = new Set(["expired", "timeout"]);

/** @param {{id: string, filter: import("../../lib/bus-address.js").Filter}} props */
export function MessageDetail({ id, filter }) {
  const state = useFetched(() => loadMessage(id), [id]);
  const message = state.value;
  const box = useRef(null);
  const gone = state.error?.status === 404;
  // Whoever opened it by keyboard reads on here.
  useEffect(() => box.current.focus({ preventScroll: true }), []);
  const onKeyDown = (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    go(logPath(filter));
  };
  return html`<section ref=${box} class="bus-detail" aria-label=${t("message.title")} tabindex="-1" onKeyDown=${onKeyDown}>
    <header class="row">
      <h2 class="grow cut">${message ? html`<${Way} message=${message} />` : t("message.title")}</h2>
      ${message && html`<a class="button small" href=${sendPath({ to: message.from, from: recipientsOf(message)[0] === "all" ? "" : recipientsOf(message)[0], reply_to: id })}>${t("message.reply")}</a>`}
      <a class="icon-button" href=${logPath(filter)} aria-label=${t("message.close")} title=${t("message.close")}><${Icon} name="close" /></a>
    </header>
    ${gone ? html`<p class="card" role="alert">${t("message.gone")}</p>` : !message && html`<${Loading} state=${state} />`}
    ${message && html`<${Words} message=${message} /><${Progression} message=${message} filter=${filter} /><${Thread} id=${id} filter=${filter} />`}
  </section>`;
}

function Words({ message }) {
  const words = wordsOf(message);
  const json = JSON.stringify(message.payload, null, 2);
  const text = words !== JSON.stringify(message.payload) ? words : "";
  return html`${text && html`<p class="bus-text" dir="auto">${text}</p>`}<h3>${t("message.payload")}</h3><${CodeBox} text=${json} language="json" />`;
}

function Progression({ message, filter }) {
  const { value, error } = useFetched(() => loadProgress(message.id), [message.id]);
  return html`<${Facts} message=${message} progress=${value} filter=${filter} /><${Deliveries} seq=${message.seq} list=${value?.recipients} error=${error} />`;
}

function Facts({ message, progress, filter }) {
  const { seq, id, type, timestamp, requires_ack: ack, reply_to: reply } = message;
  const facts = [
    ["type", html`<span dir="auto">${type}</span>`],
    ["sent", html`<${Instant} at=${timestamp} />`],
    ["from", html`<bdi>${message.from}</bdi>`],
    ["to", html`<bdi>${recipientsOf(message).map((to) => (to === "all" ? t("agents.everybody") : to)).join(", ")}</bdi>`],
    ["priority", progress && t("agents.number", { n: progress.priority })],
    ["ack", t(ack ? "message.yes" : "message.no")],
    ["reply_to", reply && html`<a href=${logPath(filter, reply)}><code dir="ltr">${reply}</code></a>`],
    ["expires", progress && html`<${Instant} at=${progress.expires_at} />`],
    ["seq", String(seq)],
    ["id", html`<code dir="ltr">${id}</code>`],
  ];
  return html`<dl class="client-facts">${facts.filter(([, value]) => value).map(([name, value]) => html`<div key=${name}><dt>${t(`message.${name}`)}</dt><dd>${value}</dd></div>`)}</dl>`;
}

function Deliveries({ seq, list, error }) {
  const again = (client) => deliverAgain(client, seq).catch(complain);
  return html`<h3>${t("message.deliveries")}</h3>
    ${error && !list && html`<p class="hint">${reasonOf(error)}</p>`}
    ${list?.length === 0 && html`<p class="hint">${t("message.nobody")}</p>`}
    ${list?.length > 0 && html`<div class="table-box" tabindex="0" role="group" aria-label=${t("message.deliveries")}><table class="facts deliveries">
      <thead><tr>${["recipient", "state", "stored", "delivered", "acknowledged", "ended", "attempts"].map((name) => html`<th key=${name} scope="col">${t(`message.${name}`)}</th>`)}</tr></thead>
      <tbody>${list.slice(0, SHOWN_DELIVERIES).map(
        (entry) => html`<tr key=${entry.client_id}><th scope="row"><bdi>${entry.client_id}</bdi></th><td><${Progress} state=${entry.state} />${GIVEN_UP.has(entry.state) && html` <button type="button" class="button small" aria-label=${`${t("message.again")}: ${entry.client_id}`} onClick=${() => again(entry.client_id)}>${t("message.again")}</button>`}</td>
          ${["stored_at", "delivered_at", "acknowledged_at", "ended_at"].map((name) => html`<td key=${name} class="when"><${Instant} at=${entry[name]} /></td>`)}<td class="number">${t("agents.number", { n: entry.attempts })}</td></tr>`,
      )}</tbody></table></div>`}`;
}

function Thread({ id, filter }) {
  const { value: list } = useFetched(() => loadThread(id), [id]);
  if (!list) return null;
  if (list.length < 2) return html`<h3>${t("message.thread")}</h3><p class="hint">${t("message.alone")}</p>`;
  return html`<h3>${t("message.thread_n", { n: list.length })}</h3>
    <ol class="plain-list bus-thread">${list.map((message) => html`<li key=${message.id}><${MessageRow} message=${message} filter=${filter} shown=${message.id === id} client=${null} /></li>`)}</ol>`;
}
