/**
 * Mermaid diagrams. The library is 3.5 MB and writes markup and styles as it likes, which this page forbids;
 * so it runs in a sandboxed frame of its own, without origin, network or storage. Only the finished
 * SVG comes back, and is shown as a picture: pictures run nothing and load nothing.
 */
import { t } from "../text.js";
import { element } from "./element.js";

const PATIENCE_MS = 20_000;
const MOST_CHARACTERS = 50_000;

/** @type {Promise<HTMLIFrameElement> | null} */
let frame = null;
const waiting = new Map();
let nextId = 1;

/** Puts the picture of a diagram above its source. */
export async function drawDiagram(/** @type {HTMLElement} */ figure, /** @type {string} */ source) {
  try {
    const svg = await render(source, dark() ? "dark" : "neutral");
    const picture = element("img", {
      class: "diagram",
      alt: t("prose.diagram"),
      src: `data:image/svg+xml;charset=utf-8,${encodeURIComponent(svg)}`,
    });
    figure.querySelector("figcaption span")?.after(element("button", { type: "button", "data-act": "source", "aria-pressed": "false" }, t("prose.diagram_source")));
    figure.querySelector("pre")?.before(element("div", { class: "diagram-place", tabindex: "0", role: "region", "aria-label": t("prose.diagram") }, picture));
    figure.classList.add("drawn");
  } catch (error) {
    figure.append(element("p", { class: "hint" }, t("prose.diagram_failed", { reason: error.message })));
  }
}

function dark() {
  const choice = document.documentElement.dataset.theme;
  return choice === "dark" || (choice !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
}

async function render(source, theme) {
  if (source.length > MOST_CHARACTERS) throw new Error(String(source.length));
  frame ??= open();
  const { contentWindow } = await frame;
  const id = nextId++;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      settle(id, { error: "timeout" });
      close();
    }, PATIENCE_MS);
    waiting.set(id, { resolve, reject, timer });
    // An origin-less frame can only be addressed as "*"; what is sent is the diagram and nothing else.
    contentWindow?.postMessage({ id, source, theme }, "*");
  });
}

function open() {
  addEventListener("message", answer);
  return new Promise((resolve, reject) => {
    const node = /** @type {HTMLIFrameElement} */ (
      element("iframe", { class: "diagram-frame", sandbox: "allow-scripts", src: "/frames/diagram.html", "aria-hidden": "true", tabindex: "-1", title: "" })
    );
    node.onload = () => resolve(node);
    setTimeout(() => reject(new Error("timeout")), PATIENCE_MS);
    document.body.append(node);
  });
}

async function close() {
  const node = await frame;
  frame = null;
  removeEventListener("message", answer);
  node?.remove();
}

async function answer(/** @type {MessageEvent} */ event) {
  if (event.source !== (await frame)?.contentWindow) return;
  settle(event.data.id, event.data);
}

function settle(id, /** @type {{svg?: string, error?: string}} */ { svg, error }) {
  const place = waiting.get(id);
  if (!place) return;
  waiting.delete(id);
  clearTimeout(place.timer);
  if (typeof svg === "string") place.resolve(svg);
  else place.reject(new Error(String(error).slice(0, 300)));
}
