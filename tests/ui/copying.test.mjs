// Copying over plain http from another machine, where browsers give a page no `navigator.clipboard`.
import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { answers, ask, shows, until, useHouse } from "./house.mjs";

const house = useHouse();

/** A page as it is there. */
async function abroad(page, refused = false) {
  await page.addInitScript((refuses) => {
    Object.defineProperty(navigator, "clipboard", { value: undefined });
    if (refuses) document.execCommand = () => false;
  }, refused);
  await page.reload();
}

/** The same, with an answer that holds code. */
async function plain(page, refused = false) {
  await abroad(page, refused);
  house.upstream.when("Show me code", { pieces: ["Here:\n\n", "```sh\nls -l\n```\n"] });
  await ask(page, "Show me code");
  await answers(page).locator("figure", { hasText: "ls -l" }).waitFor();
}

test("code and answers are copied over plain http", house.scene(async (page) => {
  await plain(page);
  await answers(page).locator("button[data-act=copy]").click();
  await answers(page).getByRole("button", { name: "Copied" }).waitFor();
  const field = page.locator("#composer");
  await field.press("Control+V");
  await until(async () => (await field.inputValue()) === "ls -l" || field.inputValue());
  await page.locator(".question").hover();
  await page.locator(".question").getByRole("button", { name: "Copy" }).click();
  await page.locator(".toast", { hasText: "Copied" }).waitFor();
  await field.fill("");
  await field.press("Control+V");
  await until(async () => (await field.inputValue()) === "Show me code" || field.inputValue());
}));

test("a browser that does not allow copying is told of", house.scene(async (page) => {
  await plain(page, true);
  const copy = answers(page).locator("button[data-act=copy]");
  await copy.click();
  await shows(copy, "Not copied");
  await page.locator(".question").hover();
  await page.locator(".question").getByRole("button", { name: "Copy" }).click();
  await page.locator(".toast", { hasText: "The browser did not allow copying." }).waitFor();
}));

test("where the configuration lies is copied over plain http", house.scene({ path: "/settings/configuration" }, async (page) => {
  await abroad(page);
  await page.getByRole("button", { name: "Copy", exact: true }).click();
  await page.locator(".toast", { hasText: "Copied" }).waitFor();
  const search = page.getByRole("searchbox", { name: "Find a setting" });
  await search.press("Control+V");
  await until(async () => (await search.inputValue()).endsWith("config.sh") || search.inputValue());
}));

test("a command of the reference is copied over plain http, and a refusal is told of", house.scene({ path: "/api/docs#conversations.create" }, async (page, context) => {
  await abroad(page);
  const route = page.locator('[id="conversations.create"]');
  await route.getByRole("button", { name: "Copy the command" }).click();
  await route.getByRole("status").getByText("Copied").waitFor();
  const search = page.getByRole("searchbox", { name: "Search the routes" });
  await search.press("Control+V");
  await until(async () => (await search.inputValue()).startsWith("curl -X POST") || search.inputValue());
  const other = await context.newPage();
  await other.goto(page.url());
  await abroad(other, true);
  await other.locator('[id="conversations.create"]').getByRole("button", { name: "Copy the command" }).click();
  await other.getByText("The browser did not allow copying").waitFor();
}));

test("nothing but the one module asks for the clipboard", () => {
  const assets = join(import.meta.dirname, "../../assets");
  const own = readdirSync(assets, { recursive: true }).filter((file) => /\.(js|html)$/.test(file) && !/^vendor/.test(file));
  const using = own.filter((file) => /navigator\s*\??\.\s*clipboard|execCommand/.test(readFileSync(join(assets, file), "utf8")));
  assert.deepEqual(using, [join("lib", "clipboard.js")]);
});
