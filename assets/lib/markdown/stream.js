/**
 * Markdown that grows. A block that another one follows is finished: it is parsed once, and its nodes are
 * never touched again. Only the last block is read anew when text arrives, and not more often than it can bear.
 * Work is done in slices of animation frames.
 */
import { forget, inFrames } from "../frames.js";
import { safeFragment } from "../sanitize.js";
import { continues, cut, markup } from "./blocks.js";
import { CodeBlock, codeAction, dressCode, languageOf } from "./code.js";
import { dressCitations, dressMarks, dressTables, footnoteAction } from "./dress.js";
import { drawMath } from "./math.js";
import { morph } from "./morph.js";

/** Short texts are shown at once, so that a list of messages knows its heights. */
const AT_ONCE_CHARACTERS = 6000;
/** A last block that takes long to read waits this many times as long before the next reading. */
const REST = 4;

/** @typedef {{nodes: ChildNode[], code: CodeBlock | null}} Open the block that still grows */

/** One text on the page. */
export class Stream {
  constructor(/** @type {HTMLElement} */ root, /** @type {(n: number, event: Event) => void} */ onCite) {
    this.root = root;
    this.onCite = onCite;
    /** What each number is: a source, one whose quote was not found, or none. @type {import("./dress.js").Known} */
    this.cited = new Map();
    /** @type {ReturnType<typeof setTimeout> | undefined} */
    this.timer = undefined;
    this.text = "";
    this.streaming = false;
    this.task = (/** @type {number} */ deadline) => this.work(deadline);
    this.restart();
    root.addEventListener("click", (event) => this.click(event));
  }

  /** Shows a text that may still grow. */
  show(/** @type {string} */ text, /** @type {boolean} */ streaming, /** @type {{n: number, verified?: boolean}[]} */ sources = [], /** @type {number[]} */ unknown = []) {
    this.cite(sources, unknown);
    text = text.replace(/\r\n?/g, "\n");
    if (!text.startsWith(this.text.slice(0, this.offset))) this.restart();
    const first = this.offset === 0 && !this.open;
    this.text = text;
    this.streaming = streaming;
    this.changed = true;
    if (first && text.length <= AT_ONCE_CHARACTERS) this.work(Infinity);
    else inFrames(this.task);
  }

  /** Leaves the page. */
  stop() {
    forget(this.task);
    clearTimeout(this.timer);
  }

  restart() {
    this.root.replaceChildren();
    this.links = {};
    this.linksSeen = 0;
    this.offset = 0;
    /** @type {import("./blocks.js").Block[]} */
    this.finished = [];
    /** @type {Open | null} */
    this.open = null;
    /** The finished block right before. @type {import("./blocks.js").Block | null} */
    this.last = null;
    this.changed = true;
    this.rested = 0;
    clearTimeout(this.timer);
  }

  /** Works until the deadline; answers whether more is left to do now. */
  work(deadline) {
    for (;;) {
      const block = this.finished.shift();
      if (block) {
        this.render(block, true);
        this.offset += block.raw.length;
        if (performance.now() >= deadline) return true;
      } else if (this.changed) {
        if (this.streaming && this.tooSoon()) return false;
        this.read();
      } else {
        return false;
      }
    }
  }

  /** Cuts what is not finished yet into blocks. */
  read() {
    this.changed = false;
    // A definition that is still being written must not be kept.
    const links = { ...this.links };
    const blocks = cut(this.text.slice(this.offset), links);
    if (!this.streaming && this.linksCameLate(links)) return;
    const last = blocks.findLastIndex((block) => block.type !== "space" && block.type !== "def");
    this.finished = this.streaming ? blocks.slice(0, Math.max(last, 0)) : blocks;
    for (const { type, tag } of this.finished) if (type === "def" && tag) this.links[tag] = links[tag];
    if (!this.streaming) return;
    if (this.finished.length) this.changed = true;
    else if (last === 0) this.renderOpen(blocks[0]);
  }

  /** A link may be defined at the very end: then, once, everything is written again. */
  linksCameLate(links) {
    const { text } = this;
    const count = Object.keys(links).length;
    if (this.offset === 0 || count === this.linksSeen) {
      this.links = links;
      return false;
    }
    this.restart();
    this.links = links;
    this.linksSeen = count;
    this.finished = cut(text, links);
    this.changed = false;
    return true;
  }

  tooSoon() {
    const wait = this.rested - performance.now();
    if (wait <= 0) return false;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => inFrames(this.task), wait);
    return true;
  }

  renderOpen(block) {
    const start = performance.now();
    this.render(block, false);
    const end = performance.now();
    this.rested = end + (end - start) * REST;
  }

  render(block, whole) {
    if (block.type === "space" || block.type === "def") {
      this.last = null;
      return;
    }
    const before = this.open;
    this.open = null;
    if (continues(block, this.last)) {
      block.continued = true;
      if (block.ordered) block.start = Number(this.last?.start) + (this.last?.items?.length ?? 0);
    }
    if (whole) this.last = block;
    const now = block.type === "code" ? this.renderCode(block, before, whole) : this.renderText(block, before);
    if (!whole) this.open = now;
    else if (now.code) now.code.finish();
    else for (const node of now.nodes) this.dress(node);
  }

  renderCode(block, before, whole) {
    const language = languageOf(block.lang);
    const code = before?.code?.language === language ? before.code : new CodeBlock(language);
    // The first signs of the closing fence are no code.
    code.show(whole ? block.text : block.text.replace(/\n[`~]{1,3}$/, ""));
    return { nodes: morph(this.root, before?.nodes ?? [], [code.figure]), code };
  }

  renderText(block, before) {
    const fragment = safeFragment(markup(block, this.links));
    if (block.continued) fragment.firstElementChild?.classList.add("continued");
    dressMarks(fragment);
    dressCitations(fragment, this.cited);
    drawMath(fragment, () => this.drawAgain());
    return { nodes: morph(this.root, before?.nodes ?? [], [...fragment.childNodes]), code: null };
  }

  dress(node) {
    if (!(node instanceof Element)) return;
    dressCode(node);
    dressTables(node);
  }

  drawAgain() {
    drawMath(this.root, () => {});
    this.changed = true;
    inFrames(this.task);
  }

  /** Sources may arrive after the first text. */
  cite(sources, unknown) {
    /** @type {import("./dress.js").Known} */
    const now = new Map(unknown.map((n) => [n, "unknown"]));
    for (const { n, verified } of sources) now.set(n, verified === false ? "unverified" : "source");
    if (now.size === this.cited.size && [...now].every(([n, what]) => this.cited.get(n) === what)) return;
    this.cited = now;
    dressCitations(this.root, this.cited);
  }

  click(event) {
    if (codeAction(event) || footnoteAction(event, this.root)) return;
    const cite = event.target.closest?.("button.cite");
    if (cite) this.onCite(Number(cite.dataset.n), event);
  }
}
