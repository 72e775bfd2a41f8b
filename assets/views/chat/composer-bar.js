/** The line under the question: attach, model, meter, and Send or Stop. */
import { Icon } from "../../components/icon.js";
import { Later } from "../../components/later.js";
import { t } from "../../lib/text.js";
import { fresh } from "../../state/asking.js";
import { conversation } from "../../state/conversations.js";
import { hasModel, modelFor } from "../../state/models.js";
import { openPicker } from "../../state/picker.js";
import { keysFor } from "../../state/shortcuts.js";
import { temporaryMessages } from "../../state/temporary.js";
import { useRef, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { tools } from "../shell/parts.js";
import { Meter } from "./meter.js";
import { ScopeChip } from "./document-scope.js";

/** @param {any} props of the composer around it */
export function ComposerBar({ id, text, files, busy, temporary, beside, onBeside, canSend, onStop }) {
  const input = useRef(null);
  const item = temporary ? null : id ? conversation(id).value : fresh.value;
  const model = modelFor(item);
  const onFiles = () => {
    files.add([...input.current.files]);
    input.current.value = "";
  };
  const compare = () => openPicker({ title: t("compare.pick"), current: beside, onPick: onBeside });
  const attach = html`<input ref=${input} type="file" multiple hidden onChange=${onFiles} />
    <button type="button" class="icon-button" aria-label=${t("attach.add")} title=${t("attach.add")} onClick=${() => input.current.click()}><${Icon} name="attach" /></button>`;
  const canCompare = !temporary && hasModel.value && !busy;
  return html`<div class="composer-bar">
    ${!temporary && attach}
    <${ModelButton} model=${model} />
    ${!temporary && html`<${ScopeChip} item=${item} />`}
    ${!temporary && model?.capabilities?.tools && html`<${ToolsButton} id=${id} />`}
    ${canCompare && html`<button type="button" class="icon-button" aria-pressed=${beside ? "true" : "false"} aria-label=${t("compare.pick")} title=${t("compare.pick")} onClick=${compare}><${Icon} name="columns" /></button>`}
    <span class="grow"></span>
    <${Meter} id=${temporary ? null : id} model=${model} item=${item} said=${temporary ? temporaryMessages.peek() : undefined} text=${text} files=${files.list} />
    ${busy && html`<button type="button" class="send stop" aria-label=${t("action.stop")} title=${`${t("action.stop")} (${keysFor("stop")})`} onClick=${onStop}><${Icon} name="stop" /></button>`}
    ${(!busy || canSend) && html`<button class="send" disabled=${!canSend} aria-label=${t(busy ? "composer.add_queue" : "action.send")} title=${t(busy ? "composer.add_queue" : "action.send")}><${Icon} name="send" /></button>`}
  </div>`;
}

function ToolsButton({ id }) {
  const [open, setOpen] = useState(false);
  return html`<button type="button" class="icon-button" aria-label=${t("composer.tools")} title=${t("composer.tools")} aria-haspopup="dialog" onClick=${() => setOpen(true)}><${Icon} name="tools" /></button>
    ${open && html`<${Later} load=${tools} name="ChatTools" id=${id} onClose=${() => setOpen(false)} />`}`;
}

function ModelButton({ model }) {
  const passages = !model || model.kind === "passages";
  const name = passages ? t("model.passages") : model.name;
  const health = passages ? "" : model.reachable ? "good" : "bad";
  return html`<button type="button" class="model-button" aria-label=${t("model.choose", { model: name })} title=${`${t("model.choose", { model: name })} (${keysFor("model")})`} onClick=${() => openPicker()}>
    ${health && html`<span class=${`dot ${health}`}></span>`}<span class="cut">${name}</span><${Icon} name="down" />
  </button>`;
}
