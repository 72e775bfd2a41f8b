/** The palette: actions, everything ever said, documents and notes, as you type. */
import { Dialog } from "../../components/dialog.js";
import { Icon } from "../../components/icon.js";
import { go } from "../../lib/router.js";
import { t } from "../../lib/text.js";
import { toggleSidebar } from "../../state/appearance.js";
import { complain, reasonOf } from "../../state/notices.js";
import { openPicker } from "../../state/picker.js";
import { editingPrompts } from "../../state/prompts.js";
import { grouped, paletteOpen, query, results } from "../../state/search.js";
import { hasPassword, signOut } from "../../state/session.js";
import { keysFor } from "../../state/shortcuts.js";
import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { startNewChat } from "../shell/actions.js";
import { toggleHelp } from "../shell/shortcut-help.js";
import { ResultLine, resultKey, resultPath } from "./result-line.js";

const ACTIONS = [
  ["new_chat", "plus", startNewChat],
  ["temporary", "ghost", () => go("/temporary")],
  ["library", "shelf", () => go("/library")],
  ["agents", "agents", () => go("/agents")],
  ["model", "computer", () => openPicker()],
  ["prompts", "text", () => (editingPrompts.value = true)],
  ["sidebar", "sidebar", toggleSidebar],
  ["settings", "settings", () => go("/settings/models")],
  ["help", "keyboard", toggleHelp],
  ["sign_out", "exit", () => signOut().catch(complain)],
];

const MOST_OF_A_KIND = 8;
const keyOf = (entry) => (entry.run ? entry.id : resultKey(entry));

/** The dialog. */
export function Palette() {
  return html`<${Dialog} open=${paletteOpen.value} onClose=${close} title=${t("palette.title")} bare class="palette"><${Finder} /><//>`;
}

function close() {
  paletteOpen.value = false;
}

function Finder() {
  const list = useRef(null);
  const [chosen, setChosen] = useState(/** @type {string|null} */ (null));
  const words = query.value.trim().toLocaleLowerCase();
  const actions = ACTIONS.filter(([id]) => id !== "sign_out" || hasPassword.value).map(([id, icon, run]) => ({ id, icon, run, label: t(`shortcut.${id}`) })).filter((action) => action.label.toLocaleLowerCase().includes(words));
  /** @type {[string, any[]][]} */
  const hits = words ? grouped.value.map(([name, entries]) => /** @type {[string, any[]]} */ ([name, entries.slice(0, MOST_OF_A_KIND)])) : [];
  /** @type {[string, any[]][]} */
  const parts = [["actions", words ? [] : actions], ...hits, ["actions", words ? actions : []]];
  const groups = parts.filter(([, entries]) => entries.length);
  const flat = groups.flatMap(([, entries]) => entries);
  // What is chosen stays so when hits by meaning join those by words.
  const at = Math.max(0, flat.findIndex((entry) => keyOf(entry) === chosen));
  const setAt = (index) => setChosen(keyOf(flat[index]));
  useEffect(() => setChosen(null), [words]);
  useEffect(() => {
    if (at) list.current?.querySelector("[aria-selected=true]")?.scrollIntoView({ block: "nearest" });
    else if (list.current) list.current.scrollTop = 0;
  }, [at]);
  const choose = (entry) => {
    close();
    // After the dialog has given the focus back.
    setTimeout(() => (entry.run ? entry.run() : go(resultPath(entry))));
  };
  const onKeyDown = (event) => {
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key];
    if (to !== undefined && flat.length) setAt((to + flat.length) % flat.length);
    else if (event.key === "Enter" && flat[at]) choose(flat[at]);
    else return;
    event.preventDefault();
  };
  let index = -1;
  const row = (entry) => {
    index += 1;
    const mine = index;
    return html`<li key=${keyOf(entry)} id=${`found-${mine}`} role="option" aria-selected=${mine === at ? "true" : "false"} onClick=${() => choose(entry)} onMouseMove=${() => setAt(mine)}>
      ${entry.run ? html`<${Icon} name=${entry.icon} /><span class="grow">${entry.label}</span>${keysFor(entry.id) && html`<kbd>${keysFor(entry.id)}</kbd>`}` : html`<${ResultLine} item=${entry} />`}
    </li>`;
  };
  return html`<div onKeyDown=${onKeyDown}>
    <div class="palette-field"><${Icon} name="search" />
      <input autofocus type="search" role="combobox" aria-expanded="true" aria-controls="found" aria-activedescendant=${flat.length ? `found-${at}` : undefined} autocomplete="off" spellcheck=${false}
        value=${query.value} placeholder=${t("palette.placeholder")} aria-label=${t("palette.placeholder")} onInput=${(event) => (query.value = event.currentTarget.value)} />
      ${results.value.state === "busy" && html`<span class="spinner" aria-hidden="true"></span>`}
    </div>
    <div ref=${list} id="found" role="listbox" aria-label=${t("palette.results")} class="palette-list">
      ${groups.map(([name, entries]) => html`<ul key=${name} role="group" aria-label=${t(`palette.${name}`)}><li role="presentation" class="chat-group">${t(`palette.${name}`)}</li>${entries.map(row)}</ul>`)}
    </div>
    <${Foot} words=${words} empty=${!hits.length} />
  </div>`;
}

function Foot({ words, empty }) {
  const { state, error } = results.value;
  const text = state === "failed" ? reasonOf(error) : words && state === "ready" && empty ? t("palette.nothing") : "";
  return html`<footer class="palette-foot">
    <span class="grow" role="status">${text}</span>
    ${words && !empty && html`<a href=${`/search?q=${encodeURIComponent(query.value)}`} onClick=${close}>${t("palette.all")}</a>`}
    <span class="hint palette-keys"><kbd>↑</kbd> <kbd>↓</kbd> <kbd>Enter</kbd></span>
  </footer>`;
}
