/** What a block gets after sanitising: citations, footnotes, pictures as links, tables that scroll. Built as nodes, clicks are delegated. */
import { t } from "../text.js";
import { element } from "./element.js";

const CITATION = /\[(\d{1,3}(?:\s*,\s*\d{1,3})*)\]/g;
const OWN_PICTURE = /^data:image\/(?:png|jpeg|gif|webp|avif);base64,/;

/** @typedef {Map<number, "source"|"unverified"|"unknown">} Known */

/** Turns `[1]` and `[1, 2]` into buttons, where such sources exist; a number that is none is marked as such. */
export function dressCitations(/** @type {Node} */ root, /** @type {Known} */ known) {
  if (!known.size) return;
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  const places = [];
  for (let node = /** @type {Text} */ (walker.nextNode()); node; node = /** @type {Text} */ (walker.nextNode())) {
    if (node.data.includes("[") && !node.parentElement?.closest("a, button, code, pre, [data-math]")) places.push(node);
  }
  for (const node of places) splitCitations(node, known);
}

function splitCitations(node, known) {
  const pieces = [];
  let at = 0;
  for (const match of node.data.matchAll(CITATION)) {
    const numbers = match[1].split(",").map(Number);
    if (!numbers.every((n) => known.has(n))) continue;
    pieces.push(node.data.slice(at, match.index), ...numbers.map((n) => citation(n, known.get(n))));
    at = match.index + match[0].length;
  }
  if (pieces.length) node.replaceWith(...pieces, node.data.slice(at));
}

function citation(n, what) {
  if (what === "unknown") return element("span", { class: "cite unknown", title: t("prose.cite_unknown", { n }) }, String(n), element("span", { class: "hidden" }, ` (${t("prose.cite_unknown", { n })})`));
  const label = t(what === "unverified" ? "prose.cite_unverified" : "prose.cite", { n });
  return element("button", { type: "button", class: `cite ${what}`, "data-n": String(n), "aria-label": label }, String(n));
}

/** Marks of footnotes become buttons that lead to them; pictures from elsewhere become links; boxes of a task list get a name. */
export function dressMarks(/** @type {ParentNode} */ root) {
  for (const mark of root.querySelectorAll("sup.footnote-ref")) {
    const id = mark.getAttribute("data-footnote") ?? "";
    mark.append(element("button", { type: "button", "data-to": id, "aria-label": t("prose.footnote", { id }) }, id));
  }
  for (const note of root.querySelectorAll("div.footnote")) {
    const id = note.getAttribute("data-footnote") ?? "";
    note.prepend(element("span", { class: "footnote-id" }, `${id}. `));
    note.append(" ", element("button", { type: "button", "data-back": id, "aria-label": t("prose.footnote_back") }, "↩"));
    note.setAttribute("tabindex", "-1");
  }
  for (const place of root.querySelectorAll("span.remote-image")) place.replaceWith(picture(place));
  for (const box of root.querySelectorAll("input")) box.setAttribute("aria-label", t(box.hasAttribute("checked") ? "prose.task_done" : "prose.task_open"));
}

function picture(place) {
  const address = place.getAttribute("data-src") ?? "";
  const label = place.getAttribute("data-label") ?? "";
  if (OWN_PICTURE.test(address)) return element("img", { src: address, alt: label });
  if (!/^https?:\/\//i.test(address)) return element("span", { class: "remote-image" }, label || address);
  return element(
    "a",
    { class: "remote-image", href: address, target: "_blank", rel: "noopener noreferrer nofollow", title: t("prose.image", { url: address }) },
    label ? `${label} · ${address}` : address,
  );
}

/** Lets a wide table scroll in its own box. */
export function dressTables(/** @type {Element} */ root) {
  const tables = root.matches("table") ? [root] : [...root.querySelectorAll("table")];
  for (const table of tables) {
    const box = element("div", { class: "table-box", tabindex: "0", role: "group", "aria-label": t("prose.table") });
    table.replaceWith(box);
    box.append(table);
  }
}

/** Follows a footnote or comes back; answers whether the click was for one. */
export function footnoteAction(/** @type {Event} */ event, /** @type {ParentNode} */ root) {
  const pressed = /** @type {Element} */ (event.target).closest?.("button[data-to], button[data-back]");
  if (!pressed) return false;
  const to = pressed.getAttribute("data-to");
  const id = CSS.escape(to ?? pressed.getAttribute("data-back") ?? "");
  const goal = root.querySelector(to === null ? `button[data-to="${id}"]` : `div.footnote[data-footnote="${id}"]`);
  goal?.scrollIntoView({ block: "nearest" });
  /** @type {HTMLElement | null} */ (goal)?.focus({ preventScroll: true });
  return true;
}
