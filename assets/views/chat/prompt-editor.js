/** The saved prompts: a list on one side, the one being written on the other. */
import { Dialog } from "../../components/dialog.js";
import { Icon } from "../../components/icon.js";
import { t } from "../../lib/text.js";
import { toast } from "../../state/notices.js";
import { editingPrompts, prompts, removePrompt, savePrompt } from "../../state/prompts.js";
import { useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";

/** The dialog. */
export function PromptEditor() {
  return html`<${Dialog} open=${editingPrompts.value} onClose=${() => (editingPrompts.value = false)} title=${t("prompt.title")} wide><${Editor} /><//>`;
}

function Editor() {
  const [chosen, setChosen] = useState(prompts.value[0]?.id ?? null);
  const now = prompts.value.find((prompt) => prompt.id === chosen);
  const submit = (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const name = String(form.get("name")).trim();
    const text = String(form.get("text"));
    if (!name || !text.trim()) return;
    savePrompt({ id: now?.id, name, text });
    toast({ text: t("done.saved") });
    setChosen(prompts.value.find((prompt) => prompt.name === name)?.id ?? null);
  };
  const drop = () => {
    toast({ text: t("prompt.removed", { name: now.name }), undo: removePrompt(now.id) });
    setChosen(null);
  };
  return html`<div class="prompt-editor">
    <ul class="plain-list">
      ${prompts.value.map((prompt) => html`<li key=${prompt.id}><button type="button" class="side-action" aria-current=${prompt.id === chosen ? "true" : undefined} onClick=${() => setChosen(prompt.id)}><span class="cut">/${prompt.name}</span></button></li>`)}
      <li><button type="button" class="side-action" onClick=${() => setChosen(null)}><${Icon} name="plus" />${t("prompt.new")}</button></li>
    </ul>
    <form class="stack" key=${chosen ?? "new"} onSubmit=${submit}>
      <label class="field"><span>${t("prompt.name")}</span><input class="input" name="name" required maxlength="60" autocomplete="off" defaultValue=${now?.name ?? ""} /></label>
      <label class="field"><span>${t("prompt.text")}</span><textarea class="input" name="text" required rows="8">${now?.text ?? ""}</textarea></label>
      <div class="row end">
        ${now && html`<button type="button" class="button danger" onClick=${drop}>${t("action.delete")}</button>`}
        <button class="button primary">${t("action.save")}</button>
      </div>
    </form>
  </div>`;
}
