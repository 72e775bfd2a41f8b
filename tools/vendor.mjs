// Makes assets/vendor from npm packages. No code here is ours but the few
// lines around it: bare imports become relative, UMD builds get one named export, and each file's
// sha256 goes to VENDOR.md. Run when a library is updated:
//   npm install --ignore-scripts --prefix /tmp/v preact@11 @preact/signals@2 @preact/signals-core htm@3 \
//     marked@18 dompurify@3 @highlightjs/cdn-assets@11 katex mermaid@11
//   node tools/vendor.mjs /tmp/v/node_modules
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const modules = process.argv[2];
const assets = join(import.meta.dirname, "..", "assets");
const vendor = join(assets, "vendor");
const rows = [];

const read = (path) => readFileSync(join(modules, path), "utf8");
const packageOf = (name) => JSON.parse(read(`${name}/package.json`));
const clean = (text) => text.replace(/\n?\/\/# sourceMappingURL=.*\n?/g, "").trimEnd() + "\n";

function write(name, text, source) {
  const target = join(vendor, name);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, text);
  const npm = source.match(/^(@[^/]+\/[^/]+|[^/]+)/)[0];
  const { version, license } = packageOf(npm);
  const hash = createHash("sha256").update(text).digest("hex");
  rows.push(`| ${name} | ${npm} ${version} | ${source.slice(npm.length + 1)} | ${license} | \`${hash}\` |`);
}

/** Puts imports and exports on lines of their own, and points bare imports at our files. */
function module(text, places) {
  const heads = [];
  const tails = [];
  let body = clean(text);
  body = body.replace(/export\s*\{([^}]*)\}\s*from\s*["']([^"']+)["'];?/g, (_, names, from) => {
    heads.push(`import { ${names} } from "${places[from]}";`);
    tails.push(names);
    return "";
  });
  body = body.replace(/import\s*\{([^}]*)\}\s*from\s*["']([^"']+)["'];?/g, (_, names, from) => {
    heads.push(`import { ${names} } from "${places[from]}";`);
    return "";
  });
  body = body.replace(/export\s*\{([^}]*)\};?/g, (_, names) => (tails.push(names), ""));
  const join = (list) => list.flatMap((names) => names.split(",")).map((name) => name.trim()).join(", ");
  return `${heads.join("\n")}${heads.length ? "\n" : ""}${body.trimEnd()}\nexport { ${join(tails)} };\n`;
}

/** A UMD build as a module: it finds `module.exports` and nothing of it becomes global. */
function umd(text, name) {
  return `const umd = { exports: {} };\n(function (module, exports) {\n${clean(text)}}).call(undefined, umd, umd.exports);
const ${name} = umd.exports.default ?? umd.exports;\nexport { ${name} };\n`;
}

mkdirSync(vendor, { recursive: true });
for (const name of readdirSync(vendor).filter((name) => !name.endsWith(".d.ts"))) rmSync(join(vendor, name), { recursive: true });

write("preact.js", module(read("preact/dist/preact.mjs"), {}), "preact/dist/preact.mjs");
write("hooks.js", module(read("preact/hooks/dist/hooks.mjs"), { preact: "./preact.js" }), "preact/hooks/dist/hooks.mjs");
write("signals-core.js", module(read("@preact/signals-core/dist/signals-core.mjs"), {}), "@preact/signals-core/dist/signals-core.mjs");
write(
  "signals.js",
  module(read("@preact/signals/dist/signals.mjs"), { preact: "./preact.js", "preact/hooks": "./hooks.js", "@preact/signals-core": "./signals-core.js" }),
  "@preact/signals/dist/signals.mjs",
);
write("htm.js", clean(read("htm/dist/htm.module.js")).replace("export default function(s)", "function htm(s)") + "export { htm };\n", "htm/dist/htm.module.js");
writeFileSync(
  join(vendor, "html.js"),
  `// Ours: htm's tag, bound to preact's h.\nimport { h } from "./preact.js";\nimport { htm } from "./htm.js";\n\n/** Templates as virtual nodes. */\nexport const html = htm.bind(h);\n`,
);
write("marked.js", module(read("marked/lib/marked.esm.js"), {}), "marked/lib/marked.esm.js");
write("purify.js", umd(read("dompurify/dist/purify.min.js"), "DOMPurify"), "dompurify/dist/purify.min.js");

const highlight = "@highlightjs/cdn-assets/es";
write("highlight/core.js", clean(read(`${highlight}/core.min.js`)).replace(/export\{(\w+) as default\};/, "\nexport { $1 as hljs };"), `${highlight}/core.min.js`);
const languages = `bash c cpp csharp css dart diff dockerfile elixir erlang fsharp go graphql groovy haskell http ini java javascript json julia kotlin latex less lisp
  lua makefile markdown nginx nix objectivec ocaml perl php powershell protobuf python r ruby rust scala scss shell sql swift typescript vbnet vim wasm x86asm xml yaml`;
for (const language of languages.split(/\s+/)) {
  const source = `${highlight}/languages/${language}.min.js`;
  const text = clean(read(source)).replace("export default hljsGrammar;", "\nexport { hljsGrammar as grammar };");
  if (!text.includes("export { hljsGrammar as grammar }")) throw new Error(source);
  write(`highlight/${language}.js`, text, source);
}

// MathML's style attributes would be refused (and reported) by `style-src 'self'`; the tree is only read aloud.
const katex = read("katex/dist/katex.min.js").replaceAll('.setAttribute("style",', '.setAttribute("data-style",');
write("katex/katex.js", umd(katex, "katex"), "katex/dist/katex.min.js");
const css = read("katex/dist/katex.min.css").replace(/,url\([^)]*\) format\("(woff|truetype)"\)/g, "").replace(/,\s*url\([^)]*\.(?:woff|ttf)\) format\([^)]*\)/g, "");
write("katex/katex.css", css, "katex/dist/katex.min.css");
mkdirSync(join(vendor, "katex/fonts"), { recursive: true });
for (const font of readdirSync(join(modules, "katex/dist/fonts")).filter((name) => name.endsWith(".woff2"))) {
  copyFileSync(join(modules, "katex/dist/fonts", font), join(vendor, "katex/fonts", font));
}

// A classic script, for the sandboxed frame that draws diagrams (frames/diagram.js says why).
write("mermaid.js", clean(read("mermaid/dist/mermaid.min.js")), "mermaid/dist/mermaid.min.js");

const licences = { preact: "preact", signals: "@preact/signals", htm: "htm", marked: "marked", dompurify: "dompurify", highlight: "@highlightjs/cdn-assets", katex: "katex", mermaid: "mermaid" };
mkdirSync(join(vendor, "licences"), { recursive: true });
for (const [name, npm] of Object.entries(licences)) {
  writeFileSync(join(vendor, "licences", `${name}.txt`), read(`${npm}/LICENSE`));
}
writeFileSync(
  join(vendor, "VENDOR.md"),
  `# Libraries in the page

Made by \`tools/vendor.mjs\` from npm packages; do not edit by hand. Licence texts are in \`licences/\`.
Changed beyond import paths: KaTeX writes MathML \`style\` as \`data-style\` (the policy refuses style attributes), its css names only
woff2 fonts; marked, KaTeX, DOMPurify and the rest are otherwise as shipped, minified where the package ships that.

| file | package | taken from | licence | sha256 |
| --- | --- | --- | --- | --- |
${rows.join("\n")}

KaTeX's fonts (\`vendor/katex/fonts\`) are those of the same package. \`vendor/html.js\` is ours,
and so are the types in \`preact.d.ts\`, \`hooks.d.ts\`, \`signals.d.ts\`, \`html.d.ts\`, \`marked.d.ts\` and \`purify.d.ts\`, which only the type check reads.
`,
);
