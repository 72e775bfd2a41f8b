// Answers on the page, in a real browser and under the page's own content policy: the modules as they lie in
// assets/, without a server. What the policy refuses appears in the console and fails the test.
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";
import { after, before, beforeEach, test } from "node:test";
import { chromium } from "playwright-core";

const assets = join(import.meta.dirname, "../../assets");
const ORIGIN = "http://127.0.0.1:5001";
const TYPES = { ".js": "text/javascript", ".css": "text/css", ".html": "text/html", ".woff2": "font/woff2" };
const PAGE_POLICY = `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; connect-src 'self';
  frame-src 'self'; base-uri 'none'; form-action 'self'; require-trusted-types-for 'script'; trusted-types inglenook dompurify`.replace(/\s+/g, " ");
const FRAME_POLICY = "sandbox allow-scripts; default-src 'none'; script-src 'self'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; frame-ancestors 'self'";
const OWN = {
  "/try.html": `<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><link rel="stylesheet" href="/prose.css"><main></main><script type="module" src="/try.js"></script>`,
  "/try.js": `import { render } from "/vendor/preact.js";
    import { html } from "/vendor/html.js";
    import { signal } from "/vendor/signals.js";
    import { Markdown, plainText } from "/lib/markdown.js";
    const state = signal({ text: "", streaming: false, sources: [] });
    const cited = [];
    const App = () => html\`<\${Markdown} ...\${state.value} onCite=\${(n) => cited.push(n)} />\`;
    render(html\`<\${App} />\`, document.querySelector("main"));
    globalThis.prose = { cited, plainText, show: (next) => (state.value = { ...state.value, ...next }), get element() { return document.querySelector(".prose"); } };`,
};

let browser;
let page;
const fetching = new Set();
let complaints;

before(async () => {
  browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] });
});

after(() => browser?.close());

beforeEach(async () => {
  await page?.close();
  fetching.clear();
  page = await browser.newPage();
  complaints = [];
  page.on("console", (message) => ["error", "warning"].includes(message.type()) && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => fetching.add(request));
  for (const end of ["requestfinished", "requestfailed"]) page.on(end, (request) => fetching.delete(request));
  await page.route("**/*", serve);
  await page.goto(`${ORIGIN}/try.html`);
  await page.waitForFunction(() => globalThis.prose);
});

function serve(route) {
  const url = new URL(route.request().url());
  if (url.origin !== ORIGIN) {
    complaints.push(`asked ${url.origin}`);
    return route.abort();
  }
  const file = join(assets, url.pathname);
  if (!OWN[url.pathname] && !existsSync(file)) return route.fulfill({ status: 404, body: "" });
  return route.fulfill({
    headers: { "content-type": `${TYPES[extname(url.pathname)]}; charset=utf-8`, "content-security-policy": url.pathname.startsWith("/frames/") ? FRAME_POLICY : PAGE_POLICY },
    body: OWN[url.pathname] ?? readFileSync(file),
  });
}

/** Lets a text arrive in pieces, one a frame, and waits until nothing changes any more. */
async function stream(text, { piece = 9, sources = [] } = {}) {
  await page.evaluate(
    async ({ text, piece, sources }) => {
      for (let end = piece; end < text.length + piece; end += piece) {
        prose.show({ text: text.slice(0, end), streaming: true, sources });
        if (end % (piece * 4) === 0) await new Promise(requestAnimationFrame);
      }
      prose.show({ streaming: false });
    },
    { text, piece, sources },
  );
  await settled();
}

/** Waits until nothing is fetched and nothing changes any more. */
async function settled() {
  for (let before = ""; ; ) {
    const now = await page.evaluate(() => prose.element.outerHTML);
    if (now === before && !fetching.size) return;
    before = now;
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}
const markup = () => page.evaluate(() => prose.element.innerHTML.replaceAll(' style=""', "").replace(/\n/g, ""));

const ANSWER = readFileSync(join(import.meta.dirname, "answer.md"), "utf8");

test("a streamed answer ends as the same page as one shown at once", async () => {
  const sources = [{ n: 1 }, { n: 2 }];
  await stream(ANSWER, { sources });
  const streamed = await markup();
  await page.reload();
  await page.waitForFunction(() => globalThis.prose);
  await page.evaluate((given) => prose.show(given), { text: ANSWER, streaming: false, sources });
  await settled();
  assert.equal(streamed, await markup());
  assert.deepEqual(complaints, []);
});

test("formulas, code, tables, citations and footnotes are drawn", async () => {
  await stream(ANSWER, { sources: [{ n: 1 }, { n: 2 }] });
  await page.waitForSelector(".math .katex");
  await page.waitForSelector(".hljs-keyword");
  const count = (selector) => page.locator(selector).count();
  assert.equal(await count(".math .katex"), 4);
  assert.equal(await count(".code-block"), 2);
  assert.equal(await count(".table-box > table"), 1);
  assert.equal(await count(".cite"), 4);
  await page.locator(".cite").first().click();
  assert.deepEqual(await page.evaluate(() => prose.cited), [1]);
  await page.locator(".footnote-ref button").click();
  assert.equal(await page.evaluate(() => document.activeElement.className), "footnote");
  assert.deepEqual(complaints, []);
});

test("a diagram is a picture that was drawn in a frame of its own", async () => {
  await stream("```mermaid\nflowchart LR\n  A --> B\n```\n");
  const picture = page.locator("img.diagram");
  await picture.waitFor();
  assert.match(await picture.getAttribute("src"), /^data:image\/svg\+xml/);
  assert.ok((await picture.boundingBox()).width > 50);
  assert.deepEqual(complaints, []);
});

test("hostile markup does nothing and asks nobody", async () => {
  const hostile = readFileSync(join(import.meta.dirname, "hostile.md"), "utf8");
  await stream(hostile);
  const found = await page.evaluate(() => ({
    bad: [...prose.element.querySelectorAll("script, iframe, style, form, object, embed, svg, base, meta, [onclick], [onerror], [id], [style]")]
      .filter((node) => !node.closest(".katex") && node.getAttribute("style") !== "")
      .map((node) => node.outerHTML),
    links: [...prose.element.querySelectorAll("a[href]")].map((link) => [link.getAttribute("href").split(":")[0], link.target, link.rel.includes("noopener")].join(" ")),
  }));
  assert.deepEqual(found.bad, []);
  assert.ok(found.links.length > 0);
  for (const link of found.links) assert.match(link, /^(https|mailto) _blank true$/);
  assert.deepEqual(complaints, []);
});

test("finished blocks keep their nodes while the rest arrives", async () => {
  await page.evaluate(() => prose.show({ text: "First *block*.\n\nSecond", streaming: true }));
  await settled();
  await page.evaluate(() => (globalThis.first = prose.element.firstElementChild));
  await stream("First *block*.\n\nSecond and\n\n- third\n- fourth\n\nlast");
  assert.ok(await page.evaluate(() => globalThis.first === prose.element.firstElementChild));
});

test("text to copy has no signs in it", async () => {
  const plain = await page.evaluate(() => prose.plainText("# Title\n\nA **bold** [link](https://example.com).\n\n1. one\n2. two\n"));
  assert.equal(plain, "Title\n\nA bold link.\n\n1. one\n2. two");
});
