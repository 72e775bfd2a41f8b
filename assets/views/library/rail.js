/** The ways through the library: all, each collection, watched folders, the trash. A menu where there is no room. */
import { Icon } from "../../components/icon.js";
import { Menu } from "../../components/menu.js";
import { libraryPath } from "../../lib/library-address.js";
import { go } from "../../lib/router.js";
import { t } from "../../lib/text.js";
import { countLabel } from "../../lib/tokens.js";
import { collections, removeCollection, watched } from "../../state/collections.js";
import { may } from "../../state/session.js";
import { html } from "../../vendor/html.js";
import { askCollectionName } from "./collection-dialog.js";

/** @param {{shown: import("../../lib/library-address.js").View}} props */
export function Rail({ shown }) {
  const here = libraryPath({ view: shown.view, collection: shown.collection });
  const link = (path, icon, label, count = null) => html`<a class="side-action" href=${path} aria-current=${path === here ? "page" : undefined}>
    <${Icon} name=${icon} /><span class="grow cut">${label}</span>${count !== null && html`<span class="hint">${countLabel(count)}</span>`}
  </a>`;
  return html`<nav class="rail" aria-label=${t("library.places")}>
    ${link("/library", "shelf", t("library.all"))}
    <h2 class="chat-group rail-head"><span class="grow">${t("library.collections")}</span>
      <button type="button" class="icon-button" aria-label=${t("collection.new")} title=${t("collection.new")} onClick=${() => askCollectionName({ then: open })}><${Icon} name="plus" /></button></h2>
    ${collections.value.map(
      (entry) => html`<div key=${entry.id} class="rail-row">
        ${link(libraryPath({ collection: entry.id }), "collection", entry.name, entry.documents)}
        <${Menu} label=${t("collection.menu", { name: entry.name })} items=${() => itemsFor(entry)} />
      </div>`,
    )}
    ${collections.value.length > 0 ? link(libraryPath({ collection: "none" }), "file", t("library.unsorted")) : html`<p class="hint rail-hint">${t("collection.hint")}</p>`}
    <span class="rail-gap"></span>
    ${may("admin") && link(libraryPath({ view: "folders" }), "watched", t("library.folders"), watched.value.length || null)}
    ${link(libraryPath({ view: "trash" }), "trash", t("library.trash"))}
  </nav>`;
}

/** The same ways behind one button. */
export function RailMenu({ shown, title }) {
  const { view, collection } = shown;
  const plain = view === "documents";
  const entry = collections.value.find((one) => one.id === collection);
  const choose = (icon, label, fields, checked, hint = undefined) => ({ icon, label, checked, hint, onSelect: () => go(libraryPath(fields)) });
  const items = () => [
    choose("shelf", t("library.all"), {}, plain && !collection),
    ...collections.value.map(({ id, name, documents }) => choose("collection", name, { collection: id }, collection === id, countLabel(documents))),
    collections.value.length > 0 && choose("file", t("library.unsorted"), { collection: "none" }, collection === "none"),
    may("admin") && choose("watched", t("library.folders"), { view: "folders" }, view === "folders"),
    choose("trash", t("library.trash"), { view: "trash" }, view === "trash"),
    { icon: "plus", label: t("collection.new"), onSelect: () => askCollectionName({ then: open }) },
  ];
  return html`<div class="rail-menu row">
    <${Menu} class="filter-name" label=${t("library.places")} items=${items}><${Icon} name=${entry ? "collection" : plain ? "shelf" : view === "trash" ? "trash" : "watched"} /><span class="cut">${title === t("library.title") ? t("library.all") : title}</span><${Icon} name="down" /><//>
    ${entry && html`<${Menu} label=${t("collection.menu", { name: entry.name })} items=${() => itemsFor(entry)} />`}
  </div>`;
}

function open(made) {
  go(libraryPath({ collection: made.id }));
}

function itemsFor(entry) {
  const leave = () => {
    removeCollection(entry);
    if (location.search.includes(entry.id)) go("/library", true);
  };
  return [
    { label: t("action.rename"), icon: "edit", onSelect: () => askCollectionName({ entry }) },
    { label: t("collection.remove"), icon: "trash", danger: true, hint: t("collection.remove_hint"), onSelect: leave },
  ];
}
