/** Folders of this machine that are kept in step: their state, what was skipped, and how to stop. */
import { Icon } from "../../components/icon.js";
import { Menu } from "../../components/menu.js";
import { Moment } from "../../components/moment.js";
import { libraryPath } from "../../lib/library-address.js";
import { t } from "../../lib/text.js";
import { collectionName, collectionsState, loadCollections, scanFolder, unwatchFolder, watched } from "../../state/collections.js";
import { reasonOf, sentence } from "../../state/notices.js";
import { html } from "../../vendor/html.js";
import { askToAdd } from "./adding.js";

const TONES = { watching: "good", scanning: "", missing: "bad", failed: "bad" };

/** `/library?view=folders` */
export function WatchedFolders() {
  const { state, error } = collectionsState.value;
  if (state === "failed") {
    return html`<div class="empty" role="alert"><p>${reasonOf(error)}</p><button type="button" class="button" onClick=${loadCollections}>${t("action.retry")}</button></div>`;
  }
  if (!watched.value.length && state !== "ready") return html`<p class="empty"><span class="spinner" role="img" aria-label=${t("list.loading")}></span></p>`;
  const add = html`<button type="button" class="button" onClick=${() => askToAdd("folder")}><${Icon} name="plus" />${t("add.watch")}</button>`;
  if (!watched.value.length) return html`<div class="empty"><${Icon} name="watched" class="large" /><p>${t("folder.none")}</p>${add}</div>`;
  return html`<div class="folders"><p class="hint">${t("folder.hint")}</p>
    <ul class="plain-list stack tight">${watched.value.map((folder) => html`<li key=${folder.id} class="card folder-card"><${Folder} folder=${folder} /></li>`)}</ul>
    <p>${add}</p></div>`;
}

function Folder({ folder }) {
  const { id, path, state, error, documents, skipped, scanned_at, collection_id } = folder;
  const collection = collectionName(collection_id);
  const items = () => [
    { label: t("folder.scan"), icon: "refresh", onSelect: () => scanFolder(id) },
    { label: t("folder.stop"), icon: "close", onSelect: () => unwatchFolder(folder, false) },
    { label: t("folder.stop_with"), icon: "trash", danger: true, onSelect: () => unwatchFolder(folder, true) },
  ];
  return html`<div class="row">
      <${Icon} name="folder" />
      <code class="grow path cut" title=${path} dir="ltr">${path}</code>
      <span class=${`badge ${TONES[state] ?? ""}`}>${state === "scanning" && html`<span class="spinner" aria-hidden="true"></span>`}${t(`folder_state.${state}`)}</span>
      <${Menu} label=${t("row.menu", { title: path })} items=${items} />
    </div>
    <p class="hint">${t("folder.documents", { n: documents })}${collection && html` · <a href=${libraryPath({ collection: collection_id })}>${collection}</a>`}${scanned_at && html` · ${t("folder.scanned")} <${Moment} at=${scanned_at} />`}</p>
    ${error && html`<p class="bad-text">${sentence(error)}</p>`}
    ${skipped?.length > 0 &&
    html`<details class="skipped"><summary>${t("folder.skipped", { n: skipped.length })}</summary>
      <ul class="plain-list">${skipped.map((entry) => html`<li key=${entry.name}><span class="path">${entry.name}</span> <span class="hint">${entry.reason}</span></li>`)}</ul>
    </details>`}`;
}
