/** Filing chats into a folder or under a tag, a known one or a new one. */
import { Dialog } from "../../components/dialog.js";
import { Icon } from "../../components/icon.js";
import { t } from "../../lib/text.js";
import { folders, tags } from "../../state/conversations.js";
import { act } from "../../state/keeping.js";
import { html } from "../../vendor/html.js";
import { signal } from "../../vendor/signals.js";

const asked = signal(null);

/** Asks for a folder. */
export function askFolder(ids, current = null) {
  asked.value = { ids, current, kind: "folder" };
}

/** Asks for a tag. */
export function askTag(ids) {
  asked.value = { ids, current: null, kind: "tag" };
}

/** The dialog for both. */
export function LabelDialog() {
  const now = asked.value;
  const close = () => (asked.value = null);
  const choose = (name) => {
    close();
    if (now.kind === "tag") act(now.ids, "tag", { tag: name });
    else act(now.ids, "move", { folder: name });
  };
  const submit = (event) => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get("name")).trim();
    if (name) choose(name);
  };
  const known = now?.kind === "tag" ? tags.value : folders.value;
  const icon = now?.kind === "tag" ? "tag" : "folder";
  return html`<${Dialog} open=${Boolean(now)} onClose=${close} title=${t(`label.${now?.kind ?? "tag"}.title`)}>
    <form class="row" onSubmit=${submit}>
      <input class="input grow" name="name" autofocus autocomplete="off" maxlength="100" aria-label=${t(`label.${now?.kind}.new`)} placeholder=${t(`label.${now?.kind}.new`)} />
      <button class="button primary">${t("action.add")}</button>
    </form>
    <ul class="plain-list pick-list">
      ${known.map(
        ({ name, count }) => html`<li key=${name}>
          <button type="button" class="side-action" disabled=${name === now?.current} onClick=${() => choose(name)}><${Icon} name=${icon} /><span class="grow cut">${name}</span><span class="hint">${count}</span></button>
        </li>`,
      )}
      ${now?.current && html`<li><button type="button" class="side-action" onClick=${() => choose(null)}><${Icon} name="close" />${t("label.folder.out")}</button></li>`}
    </ul>
  <//>`;
}
