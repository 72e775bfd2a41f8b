/** Colours for code: highlight.js and one grammar at a time, fetched when a block in that language is first finished. */
import { forget, inFrames } from "../frames.js";
import { safeFragment } from "../sanitize.js";

const MOST_CHARACTERS = 40_000;

/** Grammars at hand, and the names under which people write them. */
const NAMES = {
  bash: "sh zsh", c: "h", cpp: "c++ cc cxx hpp", csharp: "cs c#", css: "", dart: "", diff: "patch", dockerfile: "docker", elixir: "ex exs",
  erlang: "erl", fsharp: "fs f#", go: "golang", graphql: "gql", groovy: "gradle", haskell: "hs", http: "", ini: "toml conf", java: "",
  javascript: "js jsx mjs cjs node", json: "jsonc json5 jsonl", julia: "jl", kotlin: "kt kts", latex: "tex", less: "", lisp: "elisp clojure scheme",
  lua: "", makefile: "make mk", markdown: "md mkd", nginx: "", nix: "", objectivec: "objc obj-c mm", ocaml: "ml", perl: "pl", php: "",
  powershell: "ps ps1 pwsh", protobuf: "proto", python: "py python3 gyp", r: "", ruby: "rb", rust: "rs", scala: "", scss: "sass", shell: "console shellsession",
  sql: "postgresql mysql sqlite plsql", swift: "", typescript: "ts tsx mts", vbnet: "vb", vim: "viml", wasm: "wat", x86asm: "asm nasm", xml: "html xhtml svg vue plist",
  yaml: "yml",
};
const grammarOf = new Map(Object.entries(NAMES).flatMap(([file, names]) => [file, ...names.split(" ")].map((name) => [name, file])));

/** @type {Promise<any> | null} */
let core = null;
const loaded = new Map();

/** Colours a finished block of code, when its language is known and it is not huge. */
export async function highlight(/** @type {Element | null} */ code, /** @type {string} */ text, /** @type {string} */ language) {
  const grammar = grammarOf.get(language);
  if (!code || !grammar || text.length > MOST_CHARACTERS) return;
  try {
    const hljs = await load(grammar);
    const task = () => {
      forget(task);
      if (code.textContent === text) code.replaceChildren(safeFragment(hljs.highlight(text, { language: grammar, ignoreIllegals: true }).value));
      return false;
    };
    inFrames(task);
  } catch {
    // Without colours it is still the code; the next block tries again.
    loaded.delete(grammar);
    core = null;
  }
}

async function load(grammar) {
  core ??= import("/vendor/highlight/core.js").then((module) => module.hljs);
  const hljs = await core;
  if (!loaded.has(grammar)) {
    const address = `/vendor/highlight/${grammar}.js`;
    loaded.set(grammar, import(address).then((module) => hljs.registerLanguage(grammar, module.grammar)));
  }
  await loaded.get(grammar);
  return hljs;
}
