// Every page: drawn, reachable by keyboard, narrow enough for a phone.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { answers, counts, questions, shows, until, useHouse } from "./house.mjs";
import { paths, prepare, SECTIONS, visit, within } from "./tour.mjs";

const house = useHouse({ prepare });

const MARKS = { models: "ember-chat", memory: "The ferry leaves at nine", configuration: "HISTORY_LIMIT", appearance: "Text size", shortcuts: "Ctrl+K", security: "Open on this machine only", logs: "Message", about: "Version" };
for (const section of SECTIONS) {
  test(`the settings page ${section} is drawn, also after a reload`, house.scene({ path: `/settings/${section}` }, async (page) => {
    await page.locator("main").getByText(MARKS[section]).first().waitFor();
    await page.reload();
    await page.locator("main").getByText(MARKS[section]).first().waitFor();
    assert.equal(await page.locator(".settings-nav [aria-current=page]").count(), 1);
  }));
}

test("every page can be reloaded at its address", async () => {
  for (const path of paths().filter((path) => path !== "/nowhere")) {
    const response = await fetch(house.address + path);
    assert.equal(response.status, 200, path);
    assert.ok((await response.text()).includes('id="app"'), path);
  }
});

test("an address where nothing lives says so, and a chat that is gone too", house.scene({ allow: /404/ }, async (page) => {
  await page.locator("#composer").waitFor();
  await within(page, "/nowhere");
  await page.getByRole("heading", { name: "Page not found" }).waitFor();
  await page.goto(`${house.address}/c/conv_${"0".repeat(32)}`);
  await page.getByRole("heading", { name: "This chat is not here" }).waitFor();
}));

test("the theme and the text size that were chosen hold after a reload", house.scene({ path: "/settings/appearance" }, async (page) => {
  await page.getByRole("radio", { name: "Dark" }).or(page.getByLabel("Theme")).first().waitFor();
  const radio = page.getByRole("radio", { name: "Dark" });
  if (await radio.count()) await radio.check();
  else await page.getByLabel("Theme").selectOption({ label: "Dark" });
  await page.waitForFunction(() => document.documentElement.dataset.theme === "dark");
  const colour = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const dark = await colour();
  await page.reload();
  assert.equal(await page.evaluate(() => document.documentElement.dataset.theme), "dark");
  assert.equal(await colour(), dark);
}));

test("the page speaks German", house.scene({ path: "/settings/appearance" }, async (page) => {
  const german = page.getByRole("radio", { name: "Deutsch" });
  if (await german.count()) await german.check();
  else await page.getByLabel("Language").selectOption({ label: "Deutsch" });
  await page.getByRole("heading", { name: "Einstellungen" }).first().waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), "de");
}));

test("a configuration that was refused is shown until it is mended", house.scene(async (page) => {
  await page.locator("#composer").waitFor();
  writeFileSync(house.configFile, "HISTORY_LIMIT=many\n");
  await page.locator(".status-line.bad", { hasText: "HISTORY_LIMIT" }).waitFor();
  await page.locator(".status-line").getByRole("link", { name: "Show" }).click();
  await page.getByRole("alert").filter({ hasText: "HISTORY_LIMIT" }).waitFor();
  await page.goto(house.address);
  await page.locator(".status-line.bad", { hasText: "HISTORY_LIMIT" }).waitFor();
  await page.goto(`${house.address}/settings/configuration`);
  writeFileSync(house.configFile, "HISTORY_LIMIT=7\n");
  await counts(page.locator(".status-line"), 0);
  await counts(page.getByRole("alert"), 0);
  await page.locator("tr.own", { hasText: "HISTORY_LIMIT" }).getByText("7", { exact: true }).waitFor();
}));

test("the keyboard alone is enough", house.scene({ path: "/settings/about" }, async (page) => {
  const focused = () => page.evaluate(() => document.activeElement.id || document.activeElement.textContent.trim());
  await page.getByRole("heading", { name: "About" }).waitFor();
  await page.locator("dl.about").waitFor();
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "Skip to content");
  assert.ok(await page.locator(".skip").evaluate((link) => link.getBoundingClientRect().top >= 0), "the skip link is in sight");
  await page.keyboard.press("Enter");
  await until(async () => (await focused()) === "main" || focused());
  await page.keyboard.press("Control+Shift+O");
  await until(async () => (await focused()) === "composer" || focused());
  await page.keyboard.type("Typed by hand");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("in two lines");
  await page.keyboard.press("Enter");
  await shows(questions(page), "Typed by hand\nin two lines");
  await shows(answers(page), "You asked: Typed by hand in two lines");
  await page.keyboard.press("Control+/");
  await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
  await page.keyboard.press("Escape");
  await counts(page.getByRole("dialog"), 0);
  await page.keyboard.press("Control+Shift+M");
  await page.getByRole("dialog", { name: "Choose a model" }).waitFor();
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+Shift+S");
  await counts(page.locator(".sidebar"), 0);
  await page.keyboard.press("Control+Shift+S");
  await page.locator(".sidebar").waitFor();
  await page.keyboard.press("Shift+Escape");
  await until(async () => (await focused()) === "composer" || focused());
  await page.keyboard.press("Control+,");
  await page.getByRole("heading", { name: "Settings" }).first().waitFor();
  await page.keyboard.press("Control+K");
  await page.keyboard.type("temporary");
  await until(async () => (await page.locator("dialog.palette input").inputValue()) === "temporary" || "not all that was typed is there");
  await page.getByRole("option", { name: /Temporary chat/, selected: true }).waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/temporary$/);
  await page.goBack();
  await page.waitForURL(/\/settings\/models$/);
}));

for (const path of ["/settings/about", "/agents/connect"]) {
  test(`the part that is shown is in sight among the others on a phone (${path})`, house.scene({ path, width: 360, height: 720 }, async (page) => {
    const nav = page.locator(".settings-nav");
    const inside = () => nav.evaluate((strip) => {
      const [inner, outer] = [strip.querySelector("[aria-current]"), strip].map((node) => node.getBoundingClientRect());
      return (inner.left >= outer.left - 1 && inner.right <= outer.right + 1) || `${inner.left} to ${inner.right} of ${outer.left} to ${outer.right}`;
    });
    await nav.waitFor();
    await until(inside);
    const scrolled = () => nav.evaluate((strip) => strip.scrollLeft);
    const before = await scrolled();
    assert.ok(before > 0, "the strip was not scrolled");
    await nav.getByRole("link").first().evaluate((link) => link.click());
    await until(async () => (await scrolled()) < before || "the strip was not scrolled back");
    await until(inside);
  }));
}

test("nothing is wider than a phone of 360 pixels", house.scene({ width: 360, height: 720, allow: /404/ }, async (page) => {
  const wide = [];
  const check = async (name) => {
    const { width, who } = await page.evaluate(() => ({
      width: document.documentElement.scrollWidth,
      who: [...document.querySelectorAll("body *")].filter((node) => node.getBoundingClientRect().right > innerWidth + 1).slice(0, 3).map((node) => node.outerHTML.slice(0, 90)),
    }));
    if (width > 360) wide.push(`${name}: ${width} ${who.join(" ")}`);
  };
  for (const path of paths()) {
    await visit(house, page, path);
    await check(path);
  }
  await page.goto(house.address);
  await page.getByRole("button", { name: "Open sidebar" }).click();
  await page.locator(".sidebar .chat-row").first().waitFor();
  await check("the drawer");
  await page.locator(".chat-row", { hasText: "Another one" }).locator("a").click();
  await page.waitForURL(/\/c\//);
  await page.getByRole("button", { name: "Chat settings" }).click();
  await page.locator(".side-panel").waitFor();
  await check("the panel");
  assert.deepEqual(wide, []);
}));
