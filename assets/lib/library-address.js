/** What the library shows, as an address: each view can be reloaded, kept and shared. */

/** @typedef {{view: "documents"|"trash"|"folders", query: string, collection: string|null, kind: string|null, state: string|null}} View */

/** @param {URLSearchParams} query @returns {View} */
export function viewOf(query) {
  const view = query.get("view");
  return {
    view: view === "trash" || view === "folders" ? view : "documents",
    query: query.get("q") ?? "",
    collection: query.get("collection"),
    kind: query.get("kind"),
    state: query.get("state"),
  };
}

/** The address of a view; left-out parts are at rest. */
export function libraryPath(/** @type {Partial<View>} */ { view = "documents", query = "", collection, kind, state } = {}) {
  const pairs = Object.entries({ view: view === "documents" ? null : view, collection, kind, state, q: query }).filter(([, value]) => value);
  return pairs.length ? `/library?${new URLSearchParams(/** @type {[string, string][]} */ (pairs))}` : "/library";
}

/** The address of a document, at a passage if one is given. */
export function documentPath(id, from = null, to = null) {
  if (from === null || from === undefined) return `/library/${id}`;
  return `/library/${id}?from=${from}${to ? `&to=${to}` : ""}`;
}
