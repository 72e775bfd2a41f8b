/** Choosing a model: found by typing, favourites first, each with where it runs and whether it answers. */
import { Dialog } from "../../components/dialog.js";
import { Icon } from "../../components/icon.js";
import { route } from "../../lib/router.js";
import { t } from "../../lib/text.js";
import { countLabel } from "../../lib/tokens.js";
import { conversation } from "../../state/conversations.js";
import { changeConversation } from "../../state/keeping.js";
import { favourites, loadModels, modelFor, models, prefer, talks, toggleFavourite } from "../../state/models.js";
import { complain } from "../../state/notices.js";
import { picker } from "../../state/picker.js";
import { may } from "../../state/session.js";
import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";

/** Makes a model the one of a conversation (`null`: of the next new one). */
export function chooseModel(id, model) {
  prefer(model);
  if (id) changeConversation(id, { model });
}

/** The dialog; open while `picker` says what for. */
export function ModelPicker() {
  const purpose = picker.value;
  const close = () => (picker.value = null);
  return html`<${Dialog} open=${Boolean(purpose)} onClose=${close} title=${purpose?.title ?? t("model.title")} class="picker">
    <${Choices} purpose=${purpose} close=${close} />
  <//>`;
}

function Choices({ purpose, close }) {
  const [words, setWords] = useState("");
  const [busy, setBusy] = useState(false);
  const list = useRef(null);
  const here = route.value.id ?? null;
  const current = purpose.onPick ? purpose.current : modelFor(here ? conversation(here).value : null)?.id;
  const choose = (id) => {
    close();
    if (purpose.onPick) purpose.onPick(id);
    else chooseModel(here, id);
  };
  const refresh = async () => {
    setBusy(true);
    await loadModels(true).catch(complain);
    setBusy(false);
  };
  useEffect(() => {
    loadModels().catch(() => {});
  }, []);
  const onKeyDown = (event) => {
    const rows = [...list.current.querySelectorAll(".model-choice")];
    const at = rows.indexOf(document.activeElement);
    if (event.key === "ArrowDown") rows[Math.min(at + 1, rows.length - 1)]?.focus();
    else if (event.key === "ArrowUp" && at > 0) rows[at - 1].focus();
    else if (event.key === "ArrowUp") event.currentTarget.querySelector("input").focus();
    else if (event.key === "Enter" && at === -1) rows[0]?.click();
    else return;
    event.preventDefault();
  };
  const groups = grouped(words);
  return html`<div class="stack tight" onKeyDown=${onKeyDown}>
    <div class="row">
      <input class="input grow" type="search" autofocus value=${words} placeholder=${t("model.search")} aria-label=${t("model.search")} onInput=${(event) => setWords(event.currentTarget.value)} />
      <button type="button" class="icon-button" aria-label=${t("model.refresh")} title=${t("model.refresh")} disabled=${busy} onClick=${refresh}><${Icon} name="refresh" class=${busy ? "spinning" : ""} /></button>
    </div>
    <div class="picker-list" ref=${list}>
      ${groups.map(
        ([name, entries]) => html`<section key=${name} aria-label=${t(`model.${name}`)}>
          <h3 class="chat-group">${t(`model.${name}`)}</h3>
          <ul class="plain-list">${entries.map((model) => html`<${Choice} key=${model.id} model=${model} current=${model.id === current} choose=${choose} />`)}</ul>
        </section>`,
      )}
      ${!groups.length && html`<p class="empty">${t(words ? "model.no_match" : "model.none")}</p>`}
    </div>
    ${may("admin") && html`<p class="hint"><a href="/settings/models" onClick=${close}>${t("model.add")}</a></p>`}
  </div>`;
}

/** @returns {[string, any[]][]} */
function grouped(words) {
  const wanted = words.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const fits = (model) => wanted.every((word) => `${model.name} ${model.provider_name} ${model.id}`.toLocaleLowerCase().includes(word));
  const shown = models.value.filter((model) => talks(model) && fits(model));
  const liked = new Set(favourites.value);
  const rest = shown.filter((model) => !liked.has(model.id));
  /** @type {[string, any[]][]} */
  const groups = [
    ["favourites", shown.filter((model) => liked.has(model.id))],
    ["local", rest.filter((model) => model.local && model.kind !== "passages")],
    ["remote", rest.filter((model) => !model.local && model.kind !== "passages")],
    ["without", rest.filter((model) => model.kind === "passages")],
  ];
  return groups.filter(([, entries]) => entries.length);
}

function Choice({ model, current, choose }) {
  const liked = favourites.value.includes(model.id);
  const passages = model.kind === "passages";
  const name = passages ? t("model.passages") : model.name;
  const facts = [model.context_window && t("model.window", { n: countLabel(model.context_window) }), model.capabilities?.vision && t("model.vision"), model.capabilities?.reasoning && t("model.reasoning")];
  const health = model.reachable ? "" : model.reason || t("model.unreachable");
  return html`<li class="row">
    <button type="button" class="model-choice grow" aria-current=${current ? "true" : undefined} onClick=${() => choose(model.id)}>
      <${Icon} name=${passages ? "book" : model.local ? "computer" : "cloud"} />
      <span class="grow"><span class="cut model-name">${name}</span>
        <span class="hint cut">${[passages ? t("model.passages_hint") : model.provider_name, ...facts].filter(Boolean).join(" · ")}</span>
        ${health && html`<span class="hint bad-text cut" title=${health}>${health}</span>`}</span>
      ${!passages && html`<span class=${`dot ${model.reachable ? "good" : "bad"}`} title=${model.reachable ? t("model.reachable") : health}></span>`}
      ${current && html`<${Icon} name="check" />`}
    </button>
    <button type="button" class="icon-button filled" aria-pressed=${String(liked)} aria-label=${t("model.favourite", { model: name })} title=${t("model.favourite", { model: name })} onClick=${() => toggleFavourite(model.id)}><${Icon} name="star" /></button>
  </li>`;
}
