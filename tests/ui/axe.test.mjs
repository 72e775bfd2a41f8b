// What axe finds on every page, in both themes, and in what lies over the pages.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { ask, counts, useHouse } from "./house.mjs";
import { chat, paths, prepare, visit } from "./tour.mjs";

const house = useHouse({ prepare });
const axe = readFileSync(join(import.meta.dirname, "node_modules/axe-core/axe.min.js"), "utf8");

for (const dark of [false, true]) {
  test(`axe finds no barrier on any page in ${dark ? "dark" : "light"}`, house.scene({ dark }, async (page) => {
    const violations = [];
    const check = async (name) => {
      await page.evaluate(axe);
      const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
      for (const { id, nodes } of found.violations) {
        violations.push(`${name}: ${id}: ${nodes.slice(0, 3).map((node) => `${node.html.slice(0, 110)} (${node.any[0]?.message ?? ""})`).join("; ")}`);
      }
    };
    for (const path of paths()) {
      await visit(house, page, path);
      await check(path);
    }
    await visit(house, page, `/c/${chat}`);
    const open = async (keys, selector) => {
      await page.keyboard.press(keys);
      await page.locator(selector).waitFor();
      await check(keys);
      await page.keyboard.press("Escape");
      await counts(page.locator(selector), 0);
    };
    await open("Control+K", "dialog.palette");
    await open("Control+/", "dialog");
    await open("Control+Shift+M", "dialog");
    for (const name of ["Branches", "Chat settings"]) {
      await page.getByRole("button", { name }).click();
      await page.locator(".side-panel").getByRole("heading", { name }).waitFor();
      await check(name);
    }
    await visit(house, page, "/library");
    await page.locator("main").getByRole("button", { name: "Select several" }).click();
    await page.locator("main").getByRole("checkbox").first().check();
    await check("several documents selected");
    await page.getByRole("button", { name: "Done" }).click();
    for (const name of ["Pasted text…", "Page from the web…", "Watch a folder…"]) {
      await page.getByRole("button", { name: "Add", exact: true }).click();
      await check("the menu of ways in");
      await page.getByRole("menuitem", { name }).click();
      await page.getByRole("dialog").waitFor();
      await check(name);
      await page.keyboard.press("Escape");
    }
    assert.deepEqual(violations, []);
  }));
}

test("a failed answer has no barrier either", house.scene(async (page) => {
  house.upstream.when("Refuse me", { status: 400, times: 1 });
  await ask(page, "Refuse me");
  await page.locator(".error-card").waitFor();
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  assert.deepEqual(violations.map(({ id, nodes }) => `${id} ${nodes[0].html}`), []);
}));
