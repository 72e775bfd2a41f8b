/**
 * Formulas by KaTeX, fetched with its css when the first one is met. KaTeX builds nodes and sets their styles
 * through the style object, which the content policy allows; nothing goes through markup.
 */
import { stylesheet } from "../stylesheet.js";

const REMEMBERED = 500;
const drawn = new Map();

/** @type {any} */
let katex = null;
/** @type {Promise<void> | null} */
let loading = null;

/** Draws the formulas under a node; while KaTeX is on its way they show their source, and `again` is called once it is there. */
export function drawMath(/** @type {ParentNode} */ root, /** @type {() => void} */ again) {
  const places = root.querySelectorAll("[data-math]:not([data-drawn])");
  if (!places.length) return;
  if (katex) for (const place of places) draw(/** @type {HTMLElement} */ (place));
  else load().then(again, () => (loading = null));
}

function draw(place) {
  const source = place.textContent ?? "";
  const display = place.dataset.math === "display";
  const key = `${display}${source}`;
  let picture = drawn.get(key);
  if (!picture) {
    picture = document.createElement("span");
    katex.render(source, picture, { displayMode: display, throwOnError: false, trust: false, strict: "ignore", maxExpand: 200, maxSize: 40, errorColor: "var(--bad)" });
    if (drawn.size >= REMEMBERED) drawn.delete(drawn.keys().next().value);
    drawn.set(key, picture);
  }
  place.setAttribute("data-drawn", "");
  place.setAttribute("data-source", source);
  place.replaceChildren(...picture.cloneNode(true).childNodes);
}

function load() {
  loading ??= Promise.all([import("/vendor/katex/katex.js"), stylesheet("/vendor/katex/katex.css")]).then(([module]) => {
    katex = module.katex;
  });
  return loading;
}
