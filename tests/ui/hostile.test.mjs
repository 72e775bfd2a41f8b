// Words that would like to be code: in an answer, a title, a question, the name of a model.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { answers, ask, questions, shows, until, useHouse } from "./house.mjs";

const house = useHouse({ provider: false });
const PAYLOADS = [
  `<img src=x onerror="window.pwned=1">`,
  `<script>window.pwned=1</script>`,
  `<svg/onload=window.pwned=1><animate onbegin=window.pwned=1 attributeName=x></svg>`,
  `<a href="javascript:window.pwned=1">here</a> [there](javascript:window.pwned=1) <javascript:window.pwned=1>`,
  `<iframe srcdoc="<script>parent.pwned=1</script>"></iframe>`,
  `<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=window.pwned=1&gt;">`,
  `<form action="//example.invalid"><button formaction="javascript:window.pwned=1">send</button></form>`,
  `![x](x"onerror="window.pwned=1) <style>body{display:none}</style> <base href="//example.invalid/">`,
  `<details open ontoggle=window.pwned=1><input autofocus onfocus=window.pwned=1>`,
  "$\\href{javascript:window.pwned=1}{x}$ and `<b onclick=window.pwned=1>`",
];

async function inert(page) {
  const found = await page.evaluate(() => ({
    flag: globalThis.pwned,
    bad: [...document.querySelectorAll("#app script, #app iframe:not([sandbox]), #app form:not(.composer), #app base, #app style, [onerror], [onload], [onclick], [ontoggle], [onfocus], [href^='javascript' i]")].map((node) => node.outerHTML),
  }));
  assert.deepEqual(found, { flag: undefined, bad: [] });
}

test("an answer full of code does nothing, in whatever pieces it comes", house.scene(async (page) => {
  house.upstream.models = [`ember"><img src=x onerror=window.pwned=1>`, `<script>window.pwned=1</script>`];
  await house.api("POST", "/providers", { kind: "openai", name: `<b onclick=window.pwned=1>Hearth</b>`, base_url: house.upstream.address });
  await house.api("GET", "/models?refresh=true");
  await page.reload();
  const hostile = readFileSync(join(import.meta.dirname, "hostile.md"), "utf8");
  for (const [n, size] of [1, 3, 7].entries()) {
    const pieces = `${PAYLOADS.join("\n\n")}\n\n${hostile}\n\nThe end ${n}.`.match(new RegExp(`[^]{1,${size}}`, "gu"));
    house.upstream.when(`Attack ${n}`, { pieces, reasoning: PAYLOADS, hold: Math.floor(pieces.length / 2) });
    await ask(page, `Attack ${n}`);
    await until(() => house.upstream.waiting() === 1 || "the answer is not half written");
    house.upstream.release();
    await answers(page).filter({ hasText: `The end ${n}.` }).waitFor();
    await inert(page);
  }
  await page.reload();
  await answers(page).filter({ hasText: "The end 2." }).waitFor();
  await page.locator(".answer details summary").last().click();
  await inert(page);
}));

test("a title, a question and the name of a model are only words", house.scene(async (page) => {
  await ask(page, PAYLOADS[0]);
  await shows(questions(page), PAYLOADS[0]);
  const id = page.url().split("/").at(-1);
  await answers(page).waitFor();
  await house.api("PATCH", `/conversations/${id}`, { title: PAYLOADS[1], folder: PAYLOADS[0], tags: [PAYLOADS[0]] });
  await page.locator(".chat-row", { hasText: PAYLOADS[1] }).waitFor();
  await shows(page.locator("h1").first(), PAYLOADS[1]);
  await inert(page);
  await page.keyboard.press("Control+Shift+M");
  await page.getByRole("dialog").getByText("onerror").first().waitFor();
  await inert(page);
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+K");
  await page.getByRole("combobox").fill("onerror");
  await page.getByRole("option").first().waitFor();
  await page.getByRole("combobox").fill(PAYLOADS[0]);
  await inert(page);
  await page.goto(`${house.address}/settings/models`);
  await page.locator(".provider", { hasText: "onclick" }).waitFor();
  await page.locator("main td, main th").filter({ hasText: "onerror" }).first().waitFor();
  await inert(page);
  await page.goto(`${house.address}/search?q=${encodeURIComponent(PAYLOADS[0])}`);
  await page.locator("main h1, main h2, main input").first().waitFor();
  await inert(page);
}));
