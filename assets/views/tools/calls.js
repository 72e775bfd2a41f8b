/** The tools that were called for an answer: folded, with what they were given and gave; and the question whether one may be. */
import { Icon } from "../../components/icon.js";
import { t } from "../../lib/text.js";
import { duration } from "../../lib/time.js";
import { complain, say } from "../../state/notices.js";
import { decide } from "../../state/tools.js";
import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";

const MARKS = { waiting: "warn", running: "", done: "good", failed: "bad", denied: "", cancelled: "" };

/** @param {{turn: string, calls: any[]}} props */
export function ToolCalls({ turn, calls }) {
  return html`<ul class="plain-list stack tight tool-calls" aria-label=${t("calls.title")}>
    ${calls.map((call) => html`<li key=${call.id}>${call.state === "waiting" ? html`<${Consent} turn=${turn} call=${call} />` : html`<${Call} call=${call} />`}</li>`)}
  </ul>`;
}

function nameOf({ title, server }) {
  return server ? `${server} · ${title}` : title;
}

function Call({ call }) {
  const [open, setOpen] = useState(false);
  return html`<details class="tool-call" open=${open} onToggle=${(event) => setOpen(event.currentTarget.open)}>
    <summary>
      ${call.state === "running" ? html`<span class="spinner" aria-hidden="true"></span>` : html`<${Icon} name="tools" />`}
      <span class="cut">${nameOf(call)}</span>
      <span class=${`badge ${MARKS[call.state] ?? ""}`}>${t(`call.${call.state}`)}</span>
      ${call.took_ms !== null && html`<span class="hint">${duration(call.took_ms)}</span>`}
      <${Icon} name="down" class="fold" />
    </summary>
    ${open && html`<${Given} call=${call} />${call.result !== null && html`<p class="hint">${t(call.state === "done" ? "call.result" : "call.reason")}${call.cut && ` ${t("call.cut")}`}</p><pre dir="auto" tabindex="0">${call.result}</pre>`}`}
  </details>`;
}

function Given({ call }) {
  const text = typeof call.arguments === "string" ? call.arguments : JSON.stringify(call.arguments, null, 2);
  return html`<p class="hint"><code dir="ltr">${call.name}</code> · ${t("call.given")}</p><pre dir="auto" tabindex="0">${text}</pre>`;
}

/** Asks whether a call may be made. The focus comes here only from nowhere: nobody is interrupted while they write. */
function Consent({ turn, call }) {
  const [busy, setBusy] = useState(false);
  const box = useRef(null);
  useEffect(() => {
    say(t("consent.title", { name: nameOf(call) }));
    const at = document.activeElement;
    if (!at || at === document.body) box.current?.querySelector("button")?.focus();
  }, []);
  const answer = async (decision) => {
    setBusy(true);
    try {
      await decide(turn, call.id, decision);
    } catch (error) {
      complain(error);
      setBusy(false);
    }
  };
  const button = (decision, kind) => html`<button type="button" class=${`button small ${kind}`} disabled=${busy} onClick=${() => answer(decision)}>${t(`consent.${decision}`)}</button>`;
  return html`<div ref=${box} class="card stack tight consent" role="group" aria-label=${t("consent.title", { name: nameOf(call) })}>
    <p><strong>${t("consent.title", { name: nameOf(call) })}</strong></p>
    <p class="hint">${t("consent.text")}</p>
    <${Given} call=${call} />
    <div class="row wrap">${button("once", "primary")}${button("always", "")}${button("no", "quiet")}</div>
  </div>`;
}
