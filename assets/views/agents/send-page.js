/** A message written by hand, to try out an agent. */
import { logPath } from "../../lib/bus-address.js";
import { route } from "../../lib/router.js";
import { keep, recall } from "../../lib/storage.js";
import { t } from "../../lib/text.js";
import { clients, loadClients } from "../../state/bus.js";
import { sendMessage } from "../../state/bus-message.js";
import { reasonOf, say } from "../../state/notices.js";
import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { Presence } from "./signs.js";

const ME = "me";
const PRIORITIES = [1, 2, 3, 4, 5, 6, 7, 8, 9];

/** `/agents/send?to=&from=&reply_to=` */
export function SendPage() {
  const { query } = route.value;
  const [json, setJson] = useState(false);
  const [busy, setBusy] = useState(false);
  const [sent, setSent] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const form = useRef(null);
  useEffect(() => {
    loadClients().catch(() => {});
  }, []);
  const submit = async (event) => {
    event.preventDefault();
    if (busy) return;
    setError(null);
    setSent(null);
    const { draft, wrong } = read(new FormData(form.current), json);
    if (wrong) return setError(wrong);
    setBusy(true);
    try {
      const answer = await sendMessage(draft);
      keep("busFrom", draft.from);
      setSent(answer);
      say(t("send.sent", { seq: String(answer.seq) }));
    } catch (failure) {
      setError(failure);
    }
    setBusy(false);
  };
  const onKeyDown = (event) => event.key === "Enter" && (event.ctrlKey || event.metaKey) && submit(event);
  const known = (clients.value ?? []).map(({ id }) => id);
  const wrong = (name) => error?.details?.field === name && html`<span class="wrong" id=${`send-${name}-wrong`} role="alert">${reasonOf(error)}</span>`;
  const field = (name, extra) => html`<label class="field"><span>${t(`send.${name}`)}</span><input class="input" name=${name} autocomplete="off" autocapitalize="off" spellcheck=${false} dir="ltr" ...${extra} />${wrong(name)}</label>`;
  const fields = ["from", "to", "type", "payload", "text", "reply_to", "ttl_seconds"];
  return html`<h2>${t("send.title")}</h2><p class="hint">${t("send.intro")}</p>
    <datalist id="send-clients">${known.map((id) => html`<option key=${id} value=${id}></option>`)}</datalist>
    <datalist id="send-recipients"><option value="all">${t("agents.everybody")}</option>${known.map((id) => html`<option key=${id} value=${id}></option>`)}</datalist>
    <form ref=${form} class="stack send-form" key=${query.toString()} onSubmit=${submit} onKeyDown=${onKeyDown}>
      <div class="pair">${field("from", { required: true, list: "send-clients", defaultValue: query.get("from") || recall("busFrom", ME) })}
        <div>${field("to", { required: true, list: "send-recipients", defaultValue: query.get("to") ?? "", "aria-describedby": "send-to-hint" })}<span class="hint" id="send-to-hint">${t("send.to_hint")}</span></div></div>
      <fieldset class="choice"><legend>${t("send.content")}</legend><div class="row wrap">
        ${["text", "json"].map((name) => html`<label key=${name} class="pill"><input type="radio" name="content" checked=${(name === "json") === json} onChange=${() => setJson(name === "json")} /><span>${t(`send.as_${name}`)}</span></label>`)}</div></fieldset>
      ${json
        ? html`<label key="json" class="field"><span>${t("send.payload")}</span><textarea class="input code-input" name="payload" rows="7" spellcheck=${false} dir="ltr" aria-invalid=${error?.details?.field === "payload" ? "true" : undefined}>${'{\n  "text": ""\n}'}</textarea>${wrong("payload")}</label>`
        : html`<label key="text" class="field"><span>${t("send.text")}</span><textarea class="input" name="text" rows="4" dir="auto"></textarea>${wrong("text")}</label>`}
      <label class="switch"><input type="checkbox" name="require_ack" /><span><strong>${t("send.require_ack")}</strong> <span class="hint">${t("send.require_ack_text")}</span></span></label>
      <details class="send-more" open=${Boolean(query.get("reply_to"))}><summary>${t("send.more")}</summary><div class="pair">
        ${field("type", { defaultValue: "message", dir: "auto" })}
        <label class="field"><span>${t("send.priority")}</span><select class="input" name="priority">${PRIORITIES.map((n) => html`<option key=${n} value=${n} selected=${n === 5}>${t(n === 1 ? "send.first" : n === 5 ? "send.ordinary" : n === 9 ? "send.last" : "agents.number", { n })}</option>`)}</select></label>
        ${field("reply_to", { defaultValue: query.get("reply_to") ?? "", placeholder: "bus_…" })}
        ${field("ttl_seconds", { type: "number", min: 1, placeholder: t("send.ttl_kept") })}</div>
        <label class="switch"><input type="checkbox" name="strict" /><span><strong>${t("send.strict")}</strong> <span class="hint">${t("send.strict_text")}</span></span></label></details>
      ${error && !fields.includes(error.details?.field) && html`<p class="test bad" role="alert">${reasonOf(error)}</p>`}
      <div class="row end"><button class="button primary" disabled=${busy}>${busy && html`<span class="spinner" aria-hidden="true"></span>`}${t("action.send")}</button></div>
    </form>
    ${sent && html`<${Result} sent=${sent} />`}`;
}

/** What the form says, as the server takes it, or what is wrong with it. */
function read(form, json) {
  const text = (name) => String(form.get(name) ?? "").trim();
  const to = text("to").split(/[\s,;]+/).filter(Boolean);
  const draft = { from: text("from"), to: to.length === 1 ? to[0] : to, type: text("type") || "message", priority: Number(text("priority")), require_ack: form.has("require_ack"), strict: form.has("strict") };
  if (text("reply_to")) draft.reply_to = text("reply_to");
  if (text("ttl_seconds")) draft.ttl_seconds = Number(text("ttl_seconds"));
  if (!json) return { draft: { ...draft, text: String(form.get("text") ?? "") } };
  try {
    return { draft: { ...draft, payload: JSON.parse(text("payload") || "{}") } };
  } catch (failure) {
    return { wrong: { message: t("send.no_json", { reason: failure.message }), details: { field: "payload" } } };
  }
}

function Result({ sent }) {
  const list = Object.entries(sent.recipients ?? {});
  return html`<section class="card stack tight send-result" aria-label=${t("send.result")}>
    <p><strong>${t(sent.duplicate ? "send.duplicate" : "send.sent", { seq: String(sent.seq) })}</strong> <a href=${logPath({}, sent.message_id)}>${t("send.show")}</a></p>
    ${list.length === 0 ? html`<p class="hint">${t("send.nobody")}</p>` : html`<ul class="plain-list row wrap">${list.map(([id, state]) => html`<li key=${id} class="badge"><bdi>${id}</bdi> <${Presence} state=${state} /></li>`)}</ul>`}
    ${list.some(([, state]) => state === "unknown") && html`<p class="hint">${t("send.unknown")}</p>`}
  </section>`;
}
