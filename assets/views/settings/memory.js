/** What finds by meaning, and what is remembered as notes. */
import { shareLabel } from "../../lib/sizes.js";
import { t } from "../../lib/text.js";
import { chooseEmbeddings, chooseReranker, embeddings, loadEmbeddings, loadReranker, reranker } from "../../state/embeddings.js";
import { complain } from "../../state/notices.js";
import { may } from "../../state/session.js";
import { useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { Loading, useLoading } from "./loading.js";
import { NotesList } from "./notes-list.js";

/** The part `memory` of the settings. */
export function MemorySection() {
  return html`<h3>${t("meaning.title")}</h3><${Meaning} /><${Ranking} /><h3>${t("notes.title")}</h3><${NotesList} />`;
}

function Meaning() {
  const state = useLoading(loadEmbeddings);
  const [busy, setBusy] = useState(false);
  const now = embeddings.value;
  if (!now) return html`<${Loading} state=${state} />`;
  const { model, vectors, waiting, next, choices = [] } = now;
  const choose = async (event) => {
    setBusy(true);
    await chooseEmbeddings(event.currentTarget.value).catch(complain);
    setBusy(false);
  };
  const all = choices.includes(model) ? choices : [model, ...choices];
  return html`<p class="hint">${t("meaning.intro")}</p>
    <label class="field narrow"><span>${t("meaning.model")}</span>
      <select class="input" value=${next?.model ?? model} disabled=${busy || !may("admin")} onChange=${choose}>${all.map((id) => html`<option key=${id} value=${id}>${nameOf(id)}</option>`)}</select></label>
    ${next
      ? html`<div class="card stack tight" role="group" aria-label=${t("meaning.changing", { model: nameOf(next.model) })}>
          <p class="row apart"><span>${t("meaning.changing", { model: nameOf(next.model) })}</span><span class="hint share">${shareLabel(next.total ? next.done / next.total : 0)}</span></p>
          <progress max=${next.total || 1} value=${next.done} aria-label=${t("meaning.progress")}></progress>
          <p class="hint">${t("meaning.serving", { model: nameOf(model) })}</p>
          ${next.error && html`<p class="bad-text">${typeof next.error === "string" ? next.error : next.error.error}</p>`}
        </div>`
      : html`<p class="hint">${t("meaning.vectors", { n: vectors })}${waiting > 0 ? ` ${t("meaning.waiting", { n: waiting })}` : ""}</p>`}`;
}

function Ranking() {
  const state = useLoading(loadReranker);
  const [busy, setBusy] = useState(false);
  const now = reranker.value;
  if (!now) return html`<${Loading} state=${state} />`;
  const { model, error, choices } = now;
  const all = !model || choices.includes(model) ? choices : [model, ...choices];
  if (!all.length) return html`<p class="hint">${t("rerank.intro")} ${t("rerank.nobody")}</p>`;
  const choose = async (event) => {
    const select = event.currentTarget;
    setBusy(true);
    await chooseReranker(select.value || null).catch(complain);
    select.value = reranker.peek().model ?? "";
    setBusy(false);
  };
  return html`<p class="hint">${t("rerank.intro")}</p>
    <label class="field narrow"><span>${t("rerank.model")}</span>
      <select class="input" value=${model ?? ""} disabled=${busy || !may("admin")} onChange=${choose}>
        <option value="">${t("rerank.none")}</option>${all.map((id) => html`<option key=${id} value=${id}>${nameOf(id)}</option>`)}
      </select></label>
    ${error && html`<p class="bad-text" role="status">${error}</p>`}`;
}

/** What an embedding model or a re-ranker is called. */
export function nameOf(id) {
  const name = id.replace(/^[^/]+\//, "");
  return id.startsWith("builtin/") ? t("meaning.builtin", { name }) : name;
}
