/** One document in the list: what it is, how far it was read, and what can be done with it. */
import { Icon } from "../../components/icon.js";
import { Menu } from "../../components/menu.js";
import { Moment } from "../../components/moment.js";
import { documentPath } from "../../lib/library-address.js";
import { shareLabel, sizeLabel } from "../../lib/sizes.js";
import { t } from "../../lib/text.js";
import { collectionName } from "../../state/collections.js";
import { documentOf, isBusy, titleOf } from "../../state/documents.js";
import { askAbout, mark, marked, marking, originalAddress, purgeDocuments, readAgain, restoreDocuments, trashDocuments } from "../../state/library.js";
import { sentence } from "../../state/notices.js";
import { filter, listed } from "../../state/shelf.js";
import { html } from "../../vendor/html.js";
import { askMove } from "./collection-dialog.js";
import { askSure } from "./sure.js";

/** @param {{id: string}} props */
export function DocumentRow({ id }) {
  const item = documentOf(id).value;
  if (!item || item.missing) return null;
  const isMarked = marked.value.has(id);
  const title = titleOf(item);
  const failed = item.state === "failed";
  const onClick = (event) => {
    if (!marking.value && !event.shiftKey) return;
    event.preventDefault();
    mark(id, listed.value, event.shiftKey);
  };
  return html`<div class=${`document-row ${isMarked ? "marked" : ""} ${item.deleted_at ? "thrown" : ""} ${marking.value ? "marking" : ""}`} data-document=${id}>
    <span class="document-sign">
      <input type="checkbox" checked=${isMarked} aria-label=${t("bulk.mark", { title })} onClick=${(event) => mark(id, listed.value, event.shiftKey)} />
      <${KindTile} item=${item} />
    </span>
    <a class="document-name grow" href=${documentPath(id)} onClick=${onClick}>
      <span class="cut" title=${item.name} dir="auto">${title}</span>
      ${failed ? html`<span class="document-reason">${sentence(item.error?.error) || t("state.failed")}</span>` : html`<span class="hint cut">${factsOf(item)}</span>`}
    </a>
    ${failed && !item.deleted_at && !marking.value ? html`<${Mending} id=${id} />` : isBusy(item) ? html`<${Progress} item=${item} />` : html`<span class="document-when"><${Moment} at=${item.deleted_at ?? item.created_at} /></span>`}
    ${!marking.value && html`<${Menu} label=${t("row.menu", { title })} items=${() => itemsFor(item)} />`}
  </div>`;
}

/** The kind in a few letters. */
export function KindTile({ item }) {
  return html`<span class="kind-tile" aria-hidden="true">${t(`kind_short.${item.kind ?? "unknown"}`)}</span>`;
}

/** The name of the file where it has a title, kind, size, pages, collection, where it came from; one line. */
export function factsOf(item, withCollection = !filter.value?.collection) {
  return [
    item.title && item.title !== item.name && item.name,
    item.kind && t(`kind.${item.kind}`),
    sizeLabel(item.size_bytes),
    item.pages && t("library.pages", { n: item.pages }),
    withCollection && item.collection_id && collectionName(item.collection_id),
    item.origin === "folder" && t("library.from_folder"),
    item.origin === "url" && hostOf(item.source),
  ]
    .filter(Boolean)
    .join(" · ");
}

function hostOf(address) {
  return URL.canParse(address) ? new URL(address).host : address;
}

function Progress({ item }) {
  return html`<span class="document-progress" title=${t(`state_long.${item.state}`)}>
    <span class="hint cut"><span class="state-word">${t(`state.${item.state}`)}</span>${item.progress > 0 && item.state !== "queued" && html` <span class="share">${shareLabel(item.progress)}</span>`}</span>
    <progress max="1" value=${item.state === "queued" ? 0 : item.progress} aria-label=${t(`state.${item.state}`)}></progress>
  </span>`;
}

function Mending({ id }) {
  return html`<span class="document-mending">
    <button type="button" class="button small" onClick=${() => readAgain([id])}><${Icon} name="refresh" />${t("action.retry")}</button>
    <button type="button" class="button small quiet" onClick=${() => trashDocuments([id])}>${t("action.delete")}</button>
  </span>`;
}

function itemsFor(item) {
  const { id } = item;
  if (item.deleted_at) {
    const purge = () => askSure({ text: t("library.purge_text", { n: 1 }), then: () => purgeDocuments([id]) });
    return [{ label: t("action.restore"), icon: "restore", onSelect: () => restoreDocuments([id]) }, { label: t("action.purge"), icon: "trash", danger: true, onSelect: purge }];
  }
  return [
    { label: t("library.ask"), icon: "chat", onSelect: () => askAbout([id]) },
    { label: t("library.move"), icon: "collection", onSelect: () => askMove([id]) },
    { label: t("library.download"), icon: "download", onSelect: () => download(item) },
    { label: t("library.again"), icon: "refresh", onSelect: () => readAgain([id]) },
    { label: t("action.mark"), icon: "check", onSelect: () => mark(id, listed.value) },
    { label: t("action.delete"), icon: "trash", danger: true, onSelect: () => trashDocuments([id]) },
  ];
}

/** Saves the original. */
export function download({ id, name }) {
  const link = document.createElement("a");
  link.href = originalAddress(id);
  link.download = name;
  link.click();
}
