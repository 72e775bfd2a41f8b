/**
 * The extracted text of a document, fetched in windows around what is read. A window that joins the others extends
 * them; one that does not replaces them. Far ends are let go, so that a book costs no more than a letter.
 */
import { get } from "../lib/api.js";
import { characters, slice } from "../lib/characters.js";
import { markdownHeadings, paragraphs } from "../lib/paragraphs.js";
import { batch, signal } from "../vendor/signals.js";

const WINDOWS_KEPT = 10;
/** Kinds whose text stays as it is; of the others the server writes headings down as Markdown has them. */
const PLAIN = new Set(["txt", "code", "csv", "json", "jsonl", null]);

/** One document as it is read. */
export class Extract {
  /** @param {string} id @param {string|null} [kind] what it is: of most kinds the headings are seen in the text */
  constructor(id, kind = null) {
    this.id = id;
    this.markdown = !PLAIN.has(kind);
    /** `loading`, `ready` or `failed`. */
    this.state = signal({ state: "loading", error: null });
    /** @type {import("../vendor/signals.js").Signal<import("../lib/paragraphs.js").Paragraph[]>} */
    this.paragraphs = signal([]);
    /** Headings and pages as far as they are known. */
    this.headings = signal(/** @type {{level: number, text: string, start: number}[]} */ ([]));
    this.pages = signal(/** @type {{page: number, start: number}[]} */ ([]));
    this.windows = [];
    this.chars = 0;
    this.busy = null;
  }

  /** Where the text that is held begins and ends. */
  get start() {
    return this.windows[0]?.start ?? 0;
  }

  get end() {
    return this.windows.at(-1)?.end ?? 0;
  }

  /** Makes sure that the text around a character is there. */
  async show(position) {
    if (this.windows.length && position >= this.start && position < this.end) return true;
    return this.load(position ? { around: position } : { start: 0 }, (window) => [window]);
  }

  /** The window above; harmless to call often. */
  before() {
    if (this.busy || !this.windows.length || this.start === 0) return;
    const size = this.windows[0].end - this.windows[0].start;
    this.load({ start: Math.max(0, this.start - size), end: this.start }, (window, list) => [window, ...list].slice(0, WINDOWS_KEPT));
  }

  /** The window below; harmless to call often. */
  after() {
    if (this.busy || !this.windows.length || this.end >= this.chars) return;
    this.load({ start: this.end }, (window, list) => [...list, window].slice(-WINDOWS_KEPT));
  }

  /** The text between two characters, or null where it is not held. */
  between(start, end) {
    if (!this.windows.length || start < this.start || end > this.end) return null;
    return slice(this.windows.map((window) => window.text).join(""), start - this.start, end - this.start);
  }

  async load(query, join) {
    const asked = get(`/documents/${this.id}/text`, query);
    this.busy = asked;
    if (!this.windows.length) this.state.value = { state: "loading", error: null };
    try {
      const { text, start, chars, headings = [], pages = [] } = await asked;
      if (this.busy !== asked) return false;
      const windows = join({ start, end: start + characters(text), text }, this.windows);
      // A window that leaves a hole stands alone.
      const joins = windows.every((window, index) => index === 0 || windows[index - 1].end === window.start);
      batch(() => {
        this.windows = joins ? windows : [{ start, end: start + characters(text), text }];
        this.chars = chars;
        this.pages.value = merged(this.pages.peek(), pages);
        const held = this.windows.map((window) => window.text).join("");
        const seen = this.markdown ? markdownHeadings(held, this.start) : [];
        // The server names one heading for each passage; a text that is here whole shows all of them.
        this.headings.value = this.markdown && this.start === 0 && this.end >= chars ? seen : merged(this.headings.peek(), headings);
        this.paragraphs.value = paragraphs(held, this.start, this.markdown ? seen : this.headings.peek(), this.pages.peek());
        this.state.value = { state: "ready", error: null };
      });
      return true;
    } catch (error) {
      if (this.busy === asked && !this.windows.length) this.state.value = { state: "failed", error };
      return false;
    } finally {
      if (this.busy === asked) this.busy = null;
    }
  }
}

function merged(held, more) {
  const byStart = new Map([...held, ...more].map((entry) => [entry.start, entry]));
  return byStart.size === held.length ? held : [...byStart.values()].sort((one, two) => one.start - two.start);
}
