/** A document by itself: its text, opened at a passage, with its outline, search inside and what can be done with it. */
import { Icon } from "../../components/icon.js";
import { Menu } from "../../components/menu.js";
import { documentPath } from "../../lib/library-address.js";
import { go, route } from "../../lib/router.js";
import { shareLabel } from "../../lib/sizes.js";
import { t } from "../../lib/text.js";
import { loadCollections } from "../../state/collections.js";
import { documentOf, isBusy, loadDocument, titleOf } from "../../state/documents.js";
import { Extract } from "../../state/extract.js";
import { askAbout, changeDocument, originalAddress, readAgain, restoreDocuments, trashDocuments } from "../../state/library.js";
import { reasonOf, sentence } from "../../state/notices.js";
import { useEffect, useMemo, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { TopBar } from "../shell/top-bar.js";
import { askMove, CollectionDialogs } from "./collection-dialog.js";
import { factsOf } from "./document-row.js";
import { FindInside } from "./find-inside.js";
import { BackToLibrary } from "./back.js";
import { Outline, outlineOf } from "./outline.js";
import { Reader } from "./reader.js";
import { askText } from "./text-dialog.js";

/** `/library/{id}?from=&to=`: the passage in characters of the text. @param {{id: string}} props */
export function DocumentPage({ id }) {
  const item = documentOf(id).value;
  const [error, setError] = useState(null);
  const load = () => {
    setError(null);
    loadDocument(id).catch(setError);
  };
  useEffect(() => {
    load();
    loadCollections();
  }, [id]);
  const title = item && !item.missing ? titleOf(item) : null;
  useEffect(() => {
    document.title = `${title ?? t("library.title")} · Inglenook`;
  }, [title]);
  if (item?.missing) return html`<${Gone} title=${t("document.gone")} text=${t("document.gone_text")} />`;
  if (!item && error) return html`<${Gone} title=${t("document.not_loaded")} text=${reasonOf(error)} retry=${load} />`;
  return html`<div class="document-page">
    <${TopBar}><${BackToLibrary} /><h1 class="grow cut" dir="auto">${title ?? ""}</h1>${item && html`<${Tools} item=${item} />`}<//>
    ${item && html`<${Content} key=${`${id}${item.state === "ready" || item.searchable}`} item=${item} />`}
    <${CollectionDialogs} />
  </div>`;
}

function Tools({ item }) {
  const { id } = item;
  const rename = () => askText({ title: t("document.rename"), label: t("document.title"), value: titleOf(item), then: (words) => changeDocument(id, { title: words || null }) });
  const away = () => {
    trashDocuments([id]);
    go("/library");
  };
  const items = () => [
    { label: t("library.download"), icon: "download", href: undefined, onSelect: () => document.getElementById("original").click() },
    { label: t("document.rename"), icon: "edit", onSelect: rename },
    { label: t("library.move"), icon: "collection", onSelect: () => askMove([id]) },
    { label: t("library.again"), icon: "refresh", onSelect: () => readAgain([id]) },
    { label: t("action.delete"), icon: "trash", danger: true, onSelect: away },
  ];
  if (item.deleted_at) return html`<button type="button" class="button" onClick=${() => restoreDocuments([id])}><${Icon} name="restore" />${t("action.restore")}</button>`;
  return html`<a id="original" hidden href=${originalAddress(id)} download=${item.name}></a>
    <button type="button" class="button primary ask-document" disabled=${item.state === "failed"} onClick=${() => askAbout([id])}><${Icon} name="chat" /><span class="ask-long">${t("document.ask")}</span><span class="ask-short">${t("first.ask")}</span></button>
    <${Menu} label=${t("row.menu", { title: titleOf(item) })} items=${items} />`;
}

function Content({ item }) {
  const { id, state } = item;
  const extract = useMemo(() => new Extract(id, item.kind), [id]);
  const [words, setWords] = useState("");
  const [seen, setSeen] = useState(0);
  const { query } = route.value;
  const number = (name) => (/^\d+$/.test(query.get(name) ?? "") ? Number(query.get(name)) : null);
  const [from, to] = [number("from"), number("to")];
  const at = (start, end = null) => go(documentPath(id, start, end), true);
  const readable = item.chars !== null || state === "ready";
  const page = extract.pages.value.findLast((entry) => entry.start <= seen)?.page;
  const facts = html`<p class="hint document-facts">${page && item.pages ? `${t("document.page_of", { page, n: item.pages })} · ` : ""}${factsOf({ ...item, pages: page ? null : item.pages }, true)}${item.source && html` · <span class="cut" title=${item.source}>${item.source}</span>`}</p>`;
  if (!readable) return html`<div class="document-content">${facts}<${Unread} item=${item} /></div>`;
  const outline = outlineOf(extract);
  const contents = () => outline.slice(0, 200).map((entry) => ({ label: entry.label, onSelect: () => at(entry.start) }));
  return html`<div class="document-content">
    <div class="document-line row wrap">${facts}
      <span class="grow"></span>
      ${outline.length > 1 && html`<span class="outline-menu"><${Menu} class="button small" label=${t("document.outline")} items=${contents}><${Icon} name="list" />${t("document.outline")}<//></span>`}
      <${FindInside} id=${id} words=${words} onWords=${setWords} onGo=${(hit) => at(hit.start, hit.end)} />
    </div>
    ${item.deleted_at && html`<p class="in-trash"><${Icon} name="trash" />${t("document.in_trash")}</p>`} ${isBusy(item) && html`<${Reading} item=${item} />`}
    <div class="document-columns"><${Outline} extract=${extract} at=${seen} onGo=${at} /><div class="reader-box"><${Reader} extract=${extract} from=${from} to=${to} visit=${query} onSeen=${setSeen} /></div></div>
  </div>`;
}

function Unread({ item }) {
  if (item.state !== "failed") return html`<div class="empty"><${Reading} item=${item} /></div>`;
  return html`<div class="empty" role="alert">
    <${Icon} name="warning" class="large" />
    <p>${sentence(item.error?.error) || t("state.failed")}.</p>
    <p class="hint">${t("document.failed_hint")}</p>
    <div class="row"><button type="button" class="button primary" onClick=${() => readAgain([item.id])}><${Icon} name="refresh" />${t("action.retry")}</button></div>
  </div>`;
}

function Reading({ item }) {
  return html`<p class="row hint" role="status"><span class="spinner" aria-hidden="true"></span>${t(`state_long.${item.state}`)} ${item.progress > 0 && item.state !== "queued" && shareLabel(item.progress)}</p>`;
}

function Gone({ title, text, retry = null }) {
  return html`<${TopBar}><${BackToLibrary} /><//>
    <div class="empty page-empty"><h1>${title}</h1><p>${text}</p>
      <div class="row">${retry && html`<button type="button" class="button primary" onClick=${retry}>${t("action.retry")}</button>`}<a class="button" href="/library">${t("library.title")}</a></div></div>`;
}
