/** The ways in: files, a folder, pasted text, an address, a watched folder. */
import { Dialog } from "../../components/dialog.js";
import { Icon } from "../../components/icon.js";
import { Menu } from "../../components/menu.js";
import { go } from "../../lib/router.js";
import { t } from "../../lib/text.js";
import { watchFolder } from "../../state/collections.js";
import { addText, addUrl } from "../../state/library.js";
import { reasonOf, toast } from "../../state/notices.js";
import { may } from "../../state/session.js";
import { addFiles } from "../../state/uploads.js";
import { useRef, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { signal } from "../../vendor/signals.js";

/** @typedef {{kind: "text"|"url"|"folder", collection: string|null}} Adding */

const adding = signal(/** @type {Adding|null} */ (null));

/** Opens one of the forms. */
export function askToAdd(kind, collection = null) {
  adding.value = { kind, collection };
}

/** @param {{collection: string|null}} props where what is added goes */
export function AddMenu({ collection }) {
  const files = useRef(null);
  const folder = useRef(null);
  const take = (event) => {
    // Hidden files of a folder, such as those of version control, are nobody's documents.
    const chosen = [...event.currentTarget.files].filter((file) => !/(^|\/)\./.test(file.webkitRelativePath));
    event.currentTarget.value = "";
    addFiles(chosen, collection);
    if (location.pathname !== "/library") go("/library");
  };
  const items = () => [
    { label: t("add.files"), icon: "file", onSelect: () => files.current.click() },
    { label: t("add.folder"), icon: "folder", onSelect: () => folder.current.click() },
    { label: t("add.text"), icon: "text", onSelect: () => askToAdd("text", collection) },
    { label: t("add.url"), icon: "link", onSelect: () => askToAdd("url", collection) },
    may("admin") && { label: t("add.watch"), icon: "watched", onSelect: () => askToAdd("folder", collection) },
  ];
  return html`<input ref=${files} type="file" multiple hidden onChange=${take} /><input ref=${folder} type="file" webkitdirectory hidden onChange=${take} />
    <${Menu} class="button primary" label=${t("add.title")} items=${items}><${Icon} name="plus" />${t("add.title")}<//>`;
}

/** The form that is asked for. */
export function AddDialogs() {
  const now = adding.value;
  const close = () => (adding.value = null);
  return html`<${Dialog} open=${Boolean(now)} onClose=${close} title=${t(`add.${now?.kind ?? "text"}_title`)}>${now && html`<${Form} key=${now.kind} now=${now} close=${close} />`}<//>`;
}

const SEND = {
  text: ({ text, name }, collection) => addText({ text, name, collection }),
  url: ({ url }, collection) => addUrl({ url, collection }),
  folder: async ({ path }, collection) => {
    await watchFolder(path, collection);
    toast({ text: t("folder.added", { path }) });
    go("/library?view=folders");
  },
};

function Form({ now, close }) {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState(null);
  const submit = async (event) => {
    event.preventDefault();
    const fields = Object.fromEntries([...new FormData(event.currentTarget)].map(([key, value]) => [key, String(value).trim()]));
    setBusy(true);
    setProblem(null);
    try {
      await SEND[now.kind](fields, now.collection);
      close();
    } catch (error) {
      setProblem(reasonOf(error));
      setBusy(false);
    }
  };
  const field = (name, extra) => html`<label class="field"><span>${t(`add.${name}_field`)}</span><input class="input" name=${name} autocomplete="off" spellcheck=${false} placeholder=${t(`add.${name}_example`)} ...${extra} /></label>`;
  return html`<form class="stack" onSubmit=${submit}>
    ${now.kind === "text" &&
    html`<label class="field"><span>${t("add.text_field")}</span><textarea class="input" name="text" required autofocus rows="9" dir="auto"></textarea></label>${field("name", { maxlength: 200 })}`}
    ${now.kind === "url" && field("url", { type: "url", required: true, autofocus: true })} ${now.kind === "folder" && field("path", { required: true, autofocus: true, dir: "ltr" })}
    <p class="hint">${t(`add.${now.kind}_hint`)}</p>
    ${problem && html`<p class="bad-text" role="alert">${problem}</p>`}
    <div class="row end">
      <button type="button" class="button" onClick=${close}>${t("action.cancel")}</button>
      <button class="button primary" disabled=${busy}>${busy && html`<span class="spinner" aria-hidden="true"></span>`}${t(now.kind === "folder" ? "add.watch_action" : "action.add")}</button>
    </div>
  </form>`;
}
