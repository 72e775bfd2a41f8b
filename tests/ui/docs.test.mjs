// The reference page of the API: found, searched, opened, copied from; in both themes and on a phone.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { counts, shows, useHouse } from "./house.mjs";

const house = useHouse({ provider: false });
const axe = readFileSync(join(import.meta.dirname, "node_modules/axe-core/axe.min.js"), "utf8");
const PATH = "/api/docs";

test("every route is on the page, by topic", house.scene({ path: PATH }, async (page) => {
  const { paths } = await house.api("GET", "/openapi.json");
  const routes = Object.values(paths).reduce((sum, item) => sum + Object.keys(item).length, 0);
  await shows(page.locator("#count"), `${routes} routes`);
  await counts(page.locator(".route"), routes);
  await page.locator("nav").getByRole("link", { name: "Notes", exact: true }).click();
  await page.getByRole("heading", { name: "Notes", exact: true }).waitFor();
}));

test("a search finds a route by its path and by a field of its body", house.scene({ path: PATH }, async (page) => {
  const search = page.getByRole("searchbox", { name: "Search the routes" });
  await search.fill("/notes/{id}/restore");
  await shows(page.locator("#count"), "1 route");
  await search.fill("post parent_id");
  await page.locator('[id="messages.ask"]').waitFor();
  await page.locator('[id="notes.create"]').waitFor({ state: "hidden" });
  await search.fill("no such thing anywhere");
  await shows(page.locator("#count"), "0 routes");
}));

test("a route shows parameters, body, answers and a command that is copied", house.scene({ path: `${PATH}#conversations.create` }, async (page, context) => {
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  const route = page.locator('[id="conversations.create"]');
  await route.getByRole("heading", { name: "Parameters" }).waitFor();
  await route.getByText("Idempotency-Key").first().waitFor();
  await route.locator("dt", { hasText: "system_prompt" }).waitFor();
  await route.getByText("201", { exact: true }).waitFor();
  await route.getByText("507", { exact: true }).waitFor();
  await route.getByText("Conversation (application/json)").click();
  await route.locator("dt", { hasText: "active_leaf_id" }).waitFor();
  await route.getByRole("button", { name: "Copy the command" }).click();
  await route.getByText("Copied").waitFor();
  const copied = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(copied, /^curl -X POST 'http:\/\/[^']+\/api\/v1\/conversations'/);
  assert.match(copied, /Content-Type: application\/json/);
}));

for (const dark of [false, true]) {
  for (const width of [1280, 360]) {
    test(`the page has no barrier in ${dark ? "dark" : "light"} at ${width} pixels`, house.scene({ path: `${PATH}#messages.ask`, dark, width }, async (page) => {
      await page.locator('[id="messages.ask"] h3').first().waitFor();
      await page.locator('[id="documents.add"] > summary').click();
      await page.evaluate(axe);
      const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
      assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 2).map((node) => node.html.slice(0, 110)).join("; ")}`), []);
      const [content, window] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
      assert.ok(content <= window, `${content} pixels wide in a window of ${window}`);
    }));
  }
}
