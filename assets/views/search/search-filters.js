/** What narrows a search: where to look, in which collection, which kind, and when. */
import { t } from "../../lib/text.js";
import { collections, loadCollections } from "../../state/collections.js";
import { KINDS } from "../../state/documents.js";
import { useEffect } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";

const SCOPES = ["all", "conversations", "documents"];
const DAY = /^\d{4}-\d{2}-\d{2}$/;

/** The filters of an address, as the server takes them. Days are the reader's own. */
export function filtersOf(/** @type {URLSearchParams} */ address) {
  const scope = address.get("scope");
  const filters = { scope: SCOPES.includes(scope) ? scope : "all" };
  const documents = filters.scope !== "conversations";
  const put = (name, value) => value && (filters[name] = value);
  if (documents) put("collection_id", address.get("collection"));
  if (documents) put("kind", address.get("kind"));
  put("from", instant(address.get("from"), 0));
  put("to", instant(address.get("to"), 1));
  return filters;
}

function instant(day, later) {
  if (!day || !DAY.test(day)) return null;
  const [year, month, date] = day.split("-").map(Number);
  return new Date(year, month - 1, date + later).toISOString();
}

/** @param {{address: URLSearchParams, change: (fields: Record<string, string>) => void}} props */
export function SearchFilters({ address, change }) {
  useEffect(() => {
    loadCollections();
  }, []);
  const scope = address.get("scope") ?? "all";
  const set = (name) => (event) => change({ [name]: event.currentTarget.value });
  const day = (name) => html`<label class="filter-field"><span>${t(`search.${name}`)}</span><input class="input" type="date" value=${address.get(name) ?? ""} onChange=${set(name)} /></label>`;
  return html`<div class="row wrap search-filters">
    <label class="filter-field"><span>${t("search.scope")}</span><select class="input" value=${scope} onChange=${(event) => change({ scope: event.currentTarget.value === "all" ? "" : event.currentTarget.value })}>
      ${SCOPES.map((name) => html`<option key=${name} value=${name}>${t(`search.scope_${name}`)}</option>`)}</select></label>
    ${scope !== "conversations" &&
    html`${collections.value.length > 0 &&
      html`<label class="filter-field"><span>${t("search.collection")}</span><select class="input" value=${address.get("collection") ?? ""} onChange=${set("collection")}>
        <option value="">${t("search.any")}</option>${collections.value.map(({ id, name }) => html`<option key=${id} value=${id}>${name}</option>`)}</select></label>`}
      <label class="filter-field"><span>${t("library.by_kind")}</span><select class="input" value=${address.get("kind") ?? ""} onChange=${set("kind")}>
        <option value="">${t("search.any")}</option>${KINDS.map((kind) => html`<option key=${kind} value=${kind}>${t(`kind.${kind}`)}</option>`)}</select></label>`}
    ${day("from")} ${day("to")}
  </div>`;
}
