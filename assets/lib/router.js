/** Where the reader is: the address bar read into a route, and the moves that change it. */
import { signal } from "../vendor/signals.js";

/**
 * @typedef {{name: "home"|"conversation"|"temporary"|"library"|"agents"|"settings"|"search"|"login"|"setup"|"missing", id?: string, document?: string,
 *   section?: string, query: URLSearchParams, path: string}} Route
 */

/** @type {import("../vendor/signals.js").Signal<Route>} */
export const route = signal(read(location));

/** The path that was shown before this one, or null when the reader came by an address. */
export const cameFrom = signal(/** @type {string|null} */ (null));

/** Goes to a path of this site; `replace` leaves no step behind for the Back button. */
export function go(path, replace = false) {
  if (replace) history.replaceState(null, "", path);
  else if (path !== location.pathname + location.search) {
    cameFrom.value = location.pathname + location.search;
    history.pushState(null, "", path);
  }
  route.value = read(location);
}

/** Starts to listen: Back and Forward, and plain clicks on links of this site. */
export function startRouter() {
  addEventListener("popstate", () => {
    cameFrom.value = null;
    route.value = read(location);
  });
  document.addEventListener("click", (event) => {
    const path = pathOfClick(event);
    if (path === null) return;
    event.preventDefault();
    go(path);
  });
}

function pathOfClick(event) {
  if (event.defaultPrevented || event.button !== 0) return null;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return null;
  const link = event.target.closest?.("a[href]");
  if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return null;
  if (link.pathname.startsWith("/api/") || link.getAttribute("href").startsWith("#")) return null;
  return link.pathname + link.search;
}

/** @param {{pathname: string, search: string}} place @returns {Route} */
export function read({ pathname, search }) {
  const [head, tail, third] = pathname.split("/").filter(Boolean);
  const query = new URLSearchParams(search);
  const rest = { query, path: pathname + search };
  if (!head) return { name: "home", ...rest };
  if (head === "c" && tail) return { name: "conversation", id: tail, ...rest };
  if (head === "temporary") return { name: "temporary", ...rest };
  if (head === "library") return { name: "library", document: tail, ...rest };
  if (head === "agents") return { name: "agents", section: tail, id: third, ...rest };
  if (head === "settings") return { name: "settings", section: tail, ...rest };
  if (head === "search" || head === "login" || head === "setup") return { name: head, ...rest };
  return { name: "missing", ...rest };
}
