/** Naming a collection, and choosing one for documents. */
import { Dialog } from "../../components/dialog.js";
import { Icon } from "../../components/icon.js";
import { t } from "../../lib/text.js";
import { addCollection, collections, loadCollections, renameCollection } from "../../state/collections.js";
import { moveDocuments } from "../../state/library.js";
import { useEffect } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { signal } from "../../vendor/signals.js";

/** @typedef {{entry?: {id: string, name: string}, then?: (made: any) => void}} Naming */

const naming = signal(/** @type {Naming|null} */ (null));
const moving = signal(/** @type {string[]|null} */ (null));

/** Asks for the name of a new collection, or for another name of one. */
export function askCollectionName(/** @type {Naming} */ what) {
  naming.value = what;
}

/** Asks where documents shall go. */
export function askMove(ids) {
  moving.value = ids;
}

/** Both dialogs. */
export function CollectionDialogs() {
  return html`<${Naming} /><${Moving} />`;
}

function Naming() {
  const now = naming.value;
  const close = () => (naming.value = null);
  const submit = async (event) => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get("name")).trim();
    if (!name) return;
    close();
    if (now.entry) return void renameCollection(now.entry.id, name);
    const made = await addCollection(name);
    if (made) now.then?.(made);
  };
  return html`<${Dialog} open=${Boolean(now)} onClose=${close} title=${t(now?.entry ? "collection.rename" : "collection.new")}>
    <form class="stack" onSubmit=${submit}>
      <label class="field"><span>${t("collection.name")}</span><input class="input" name="name" required autofocus autocomplete="off" maxlength="100" defaultValue=${now?.entry?.name ?? ""} /></label>
      <div class="row end"><button type="button" class="button" onClick=${close}>${t("action.cancel")}</button><button class="button primary">${t(now?.entry ? "action.save" : "action.add")}</button></div>
    </form>
  <//>`;
}

function Moving() {
  const ids = moving.value;
  const close = () => (moving.value = null);
  return html`<${Dialog} open=${Boolean(ids)} onClose=${close} title=${t("library.move_title", { n: ids?.length ?? 0 })}><${Places} ids=${ids} close=${close} /><//>`;
}

function Places({ ids, close }) {
  useEffect(() => {
    loadCollections();
  }, []);
  const choose = (id) => {
    close();
    moveDocuments(ids, id);
  };
  const submit = async (event) => {
    event.preventDefault();
    const name = String(new FormData(event.currentTarget).get("name")).trim();
    const made = name && (await addCollection(name));
    if (made) choose(made.id);
  };
  return html`<form class="row" onSubmit=${submit}>
      <input class="input grow" name="name" autofocus autocomplete="off" maxlength="100" aria-label=${t("collection.new")} placeholder=${t("collection.new")} />
      <button class="button primary">${t("action.add")}</button>
    </form>
    <ul class="plain-list pick-list">
      ${collections.value.map(
        ({ id, name, documents }) => html`<li key=${id}><button type="button" class="side-action" onClick=${() => choose(id)}><${Icon} name="collection" /><span class="grow cut">${name}</span><span class="hint">${documents}</span></button></li>`,
      )}
      <li><button type="button" class="side-action" onClick=${() => choose(null)}><${Icon} name="close" />${t("library.move_out")}</button></li>
    </ul>`;
}
