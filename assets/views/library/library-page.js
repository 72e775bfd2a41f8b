/** The library: collections on one side, the documents of one view on the other. */
import { libraryPath, viewOf } from "../../lib/library-address.js";
import { go, route } from "../../lib/router.js";
import { t } from "../../lib/text.js";
import { collectionName, loadCollections } from "../../state/collections.js";
import { anyDocument } from "../../state/documents.js";
import { addFiles, uploads } from "../../state/uploads.js";
import { marking, stopMarking } from "../../state/library.js";
import { listed, listState, setFilter } from "../../state/shelf.js";
import { useEffect } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { TopBar } from "../shell/top-bar.js";
import { AddDialogs, AddMenu } from "./adding.js";
import { CollectionDialogs } from "./collection-dialog.js";
import { DocumentList } from "./document-list.js";
import { FirstDocuments } from "./first-documents.js";
import { MarkedBar } from "./marked-bar.js";
import { Rail, RailMenu } from "./rail.js";
import { Narrowing } from "./narrowing.js";
import { UploadTray } from "./upload-tray.js";
import { WatchedFolders } from "./watched-folders.js";

/** `/library`, narrowed by its query. */
export function LibraryPage() {
  const shown = viewOf(route.value.query);
  const { view, query, collection, kind, state } = shown;
  const title = titleOf(shown);
  useEffect(() => {
    loadCollections();
    return stopMarking;
  }, []);
  useEffect(() => {
    if (view !== "folders") setFilter({ query, collection, kind, state, trash: view === "trash" });
    stopMarking();
  }, [view, query, collection, kind, state]);
  useEffect(() => {
    document.title = `${title} · Inglenook`;
  }, [title]);
  const change = (fields, replace = false) => go(libraryPath({ ...shown, ...fields }), replace);
  const bare = view === "documents" && !query && !collection && !kind && !state;
  const nothing = bare && !anyDocument.value && listState.value.state === "ready" && !listed.value.length && !uploads.value.length;
  return html`<div class="library">
    <${TopBar}>
      <h1 class="grow cut">${title}</h1>
      <${AddMenu} collection=${collection === "none" ? null : collection} />
    <//>
    <div class="library-body">
      <${Rail} shown=${shown} />
      <div class="library-main">
        <${RailMenu} shown=${shown} title=${title} />
        ${view === "folders"
          ? html`<${WatchedFolders} />`
          : nothing
            ? html`<${FirstDocuments} onFiles=${(files) => addFiles(files)} />`
            : html`${marking.value ? html`<${MarkedBar} shown=${shown} />` : html`<${Narrowing} shown=${shown} change=${change} />`}
                <${UploadTray} />
                <${DocumentList} shown=${shown} change=${change} />`}
      </div>
    </div>
    <${AddDialogs} /><${CollectionDialogs} />
  </div>`;
}

function titleOf({ view, collection }) {
  if (view !== "documents") return t(`library.${view}`);
  if (collection === "none") return t("library.unsorted");
  return (collection && collectionName(collection)) || t("library.title");
}
