/** A block of code with its language and its buttons, built as nodes. While it streams only its text grows. */
import { copyText } from "../clipboard.js";
import { t } from "../text.js";
import { isArtifact, toggleArtifact } from "./artifact.js";
import { drawDiagram } from "./diagram.js";
import { highlight } from "./highlight.js";
import { element } from "./element.js";

const EXTENSIONS = {
  bash: "sh", c: "c", cpp: "cpp", "c++": "cpp", csharp: "cs", css: "css", diff: "diff", go: "go", html: "html", java: "java", javascript: "js",
  js: "js", json: "json", kotlin: "kt", latex: "tex", lua: "lua", markdown: "md", md: "md", mermaid: "mmd", php: "php", python: "py", py: "py",
  ruby: "rb", rust: "rs", rs: "rs", sh: "sh", shell: "sh", sql: "sql", svg: "svg", swift: "swift", toml: "toml", ts: "ts", tsx: "tsx", typescript: "ts",
  xml: "xml", yaml: "yaml", yml: "yaml",
};
const SAID_MS = 1500;

/** The first word behind the fence, without what some models add (`python title="x"`, `{.rust}`). */
export function languageOf(info) {
  return (/^[{.\s]*([\w+#-]+)/.exec(info ?? "")?.[1] ?? "").toLowerCase();
}

/** One block of code on the page. */
export class CodeBlock {
  constructor(/** @type {string} */ language) {
    this.language = language;
    this.text = document.createTextNode("");
    const code = element("code", language ? { class: `language-${language}` } : {}, this.text);
    const label = t("prose.code", { language: language || t("prose.text") });
    this.pre = element("pre", { tabindex: "0", role: "group", "aria-label": label }, code);
    const head = element(
      "figcaption",
      {},
      element("span", { class: "code-language" }, language || t("prose.text")),
      button("wrap", { "aria-pressed": "false" }),
      button("download"),
      button("copy"),
    );
    this.figure = element("figure", { class: "code-block", "data-language": language }, head, this.pre);
  }

  /** Shows this text; what stands there already is kept when it only grew. */
  show(/** @type {string} */ text) {
    if (text.startsWith(this.text.data)) this.text.appendData(text.slice(this.text.data.length));
    else this.text.data = text;
  }

  /** Nothing more comes: colours it, or draws it. */
  finish() {
    if (this.language === "mermaid") drawDiagram(this.figure, this.text.data);
    else if (this.language) highlight(this.pre.firstElementChild, this.text.data, this.language);
    if (!isArtifact(this.language, this.text.data)) return;
    this.figure.querySelector(".code-language")?.after(button("preview", { "aria-pressed": "false" }));
  }
}

/** Replaces plain blocks of code inside lists and quotes by ones with buttons. */
export function dressCode(/** @type {Element} */ root) {
  const plain = root.matches("pre") ? [root] : [...root.querySelectorAll("pre")];
  for (const pre of plain) {
    if (pre.closest("figure.code-block")) continue;
    const name = [...(pre.firstElementChild?.classList ?? [])].find((entry) => entry.startsWith("language-"));
    const block = new CodeBlock(languageOf(name?.slice("language-".length)));
    block.show((pre.textContent ?? "").replace(/\n$/, ""));
    pre.replaceWith(block.figure);
    block.finish();
  }
}

/** Does what a button of a code block says; answers whether the click was for one. */
export function codeAction(/** @type {Event} */ event) {
  const pressed = /** @type {Element} */ (event.target).closest?.("button[data-act]");
  const figure = pressed?.closest("figure.code-block");
  if (!pressed || !figure) return false;
  const text = figure.querySelector("pre code")?.textContent ?? "";
  const act = pressed.getAttribute("data-act");
  if (act === "wrap") pressed.setAttribute("aria-pressed", String(figure.classList.toggle("wrapped")));
  if (act === "copy") copy(pressed, text);
  if (act === "download") download(text, figure.getAttribute("data-language") ?? "");
  if (act === "preview") pressed.setAttribute("aria-pressed", String(toggleArtifact(/** @type {HTMLElement} */ (figure), text)));
  if (act === "source") pressed.setAttribute("aria-pressed", String(figure.classList.toggle("source-shown")));
  return true;
}

function button(act, more = {}) {
  return element("button", { type: "button", "data-act": act, ...more }, t(`prose.${act}`));
}

async function copy(pressed, text) {
  pressed.textContent = await copyText(text).then(
    () => t("prose.copied"),
    () => t("prose.not_copied"),
  );
  setTimeout(() => (pressed.textContent = t("prose.copy")), SAID_MS);
}

function download(text, language) {
  const url = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
  const link = element("a", { href: url, download: `code.${EXTENSIONS[language] ?? "txt"}` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 0);
}
