/** What holds for one chat: its name, model, instructions, documents, parameters, folder and tags. */
import { Icon } from "../../components/icon.js";
import { t } from "../../lib/text.js";
import { fresh } from "../../state/asking.js";
import { conversation, folders, tags } from "../../state/conversations.js";
import { changeConversation } from "../../state/keeping.js";
import { modelFor } from "../../state/models.js";
import { openPicker } from "../../state/picker.js";
import { html } from "../../vendor/html.js";
import { DocumentScope } from "./document-scope.js";

const NUMBERS = [
  ["temperature", 0, 2, 0.1],
  ["top_p", 0, 1, 0.05],
  ["max_tokens", 1, 1_000_000, 1],
  ["seed", 0, 4_294_967_295, 1],
];

/** @param {{id: string|null}} props `null`: the chat that the next question starts */
export function ChatSettings({ id }) {
  const item = id ? conversation(id).value : fresh.value;
  if (!item || item.missing) return null;
  const change = (fields) => {
    if (id) changeConversation(id, fields);
    else fresh.value = withoutEmpty({ ...fresh.value, ...fields });
  };
  const option = (name, value) => {
    const { [name]: _old, ...others } = item.options ?? {};
    change({ options: value === null ? others : { ...others, [name]: value } });
  };
  const text = (name) => (event) => change({ [name]: event.currentTarget.value.trim() || null });
  const model = modelFor(item);
  return html`<div class="stack">
    <label class="field"><span>${t("chatset.title")}</span><input class="input" maxlength="200" defaultValue=${item.title ?? ""} placeholder=${t("chatset.title_hint")} onChange=${text("title")} /></label>
    <div class="field"><span>${t("chatset.model")}</span><button type="button" class="button" onClick=${() => openPicker()}><span class="grow cut">${!model || model.kind === "passages" ? t("model.passages") : model.name}</span><${Icon} name="down" /></button></div>
    <label class="field"><span>${t("chatset.system")}</span><textarea class="input" rows="5" dir="auto" defaultValue=${item.system_prompt ?? ""} placeholder=${t("chatset.system_hint")} onChange=${text("system_prompt")}></textarea></label>
    <label class="switch"><input type="checkbox" checked=${item.options?.memory !== false} onChange=${(event) => option("memory", event.currentTarget.checked ? null : false)} /><span>${t("chatset.memory")}<br /><span class="hint">${t("chatset.memory_hint")}</span></span></label>
    <${DocumentScope} item=${item} change=${change} />
    <fieldset class="plain-fieldset">
      <legend>${t("chatset.parameters")}</legend>
      <p class="hint">${t("chatset.parameters_hint")}</p>
      <div class="number-grid">${NUMBERS.map((row) => html`<${NumberField} key=${row[0]} row=${row} value=${item.options?.[row[0]]} onChange=${option} />`)}</div>
    </fieldset>
    <label class="field"><span>${t("chatset.folder")}</span><input class="input" list="known-folders" maxlength="100" defaultValue=${item.folder ?? ""} onChange=${text("folder")} /></label>
    <datalist id="known-folders">${folders.value.map(({ name }) => html`<option value=${name}></option>`)}</datalist>
    <${Tags} values=${item.tags ?? []} onChange=${(next) => change({ tags: next })} />
  </div>`;
}

function NumberField({ row: [name, min, max, step], value, onChange }) {
  const onInput = (event) => {
    const field = event.currentTarget;
    if (field.value === "") onChange(name, null);
    else if (field.checkValidity()) onChange(name, field.valueAsNumber);
    else field.reportValidity();
  };
  return html`<label class="field"><span>${t(`chatset.${name}`)}</span><input class="input" type="number" min=${min} max=${max} step=${step} defaultValue=${value ?? ""} placeholder=${t("chatset.default")} onChange=${onInput} /></label>`;
}

function Tags({ values, onChange }) {
  const add = (event) => {
    if (event.key !== "Enter" && event.type !== "change") return;
    event.preventDefault();
    const name = event.currentTarget.value.trim();
    event.currentTarget.value = "";
    if (name && !values.includes(name)) onChange([...values, name]);
  };
  return html`<div class="field">
    <label for="new-tag">${t("chatset.tags")}</label>
    ${values.length > 0 &&
    html`<ul class="plain-list row wrap">
      ${values.map((name) => html`<li key=${name} class="badge removable">${name}<button type="button" class="icon-button" aria-label=${t("chatset.tag_remove", { name })} onClick=${() => onChange(values.filter((other) => other !== name))}><${Icon} name="close" /></button></li>`)}
    </ul>`}
    <input id="new-tag" class="input" list="known-tags" maxlength="100" placeholder=${t("chatset.tag_add")} onKeyDown=${add} onChange=${add} />
    <datalist id="known-tags">${tags.value.map(({ name }) => html`<option value=${name}></option>`)}</datalist>
  </div>`;
}

function withoutEmpty(fields) {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}
