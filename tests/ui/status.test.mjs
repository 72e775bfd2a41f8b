// The line at the top, which appears only when there is something to say.
import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers } from "./bus.mjs";
import { counts, useHouse } from "./house.mjs";

const house = useHouse();
const line = (page) => page.locator(".status-line");

/** A page for which the server says something else of itself. */
async function told(page, path, facts) {
  await page.route(`**/api/v1/${path}`, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ json: { ...(await response.json()), ...facts } });
  });
  await page.reload();
}

test("a server that other machines reach unencrypted says so, until that is dismissed", house.scene(async (page) => {
  await told(page, "status", { address: "http://192.168.7.2:8080" });
  await line(page).filter({ hasText: "http://192.168.7.2:8080" }).waitFor();
  assert.deepEqual(await barriers(page), []);
  await line(page).getByRole("button", { name: "Dismiss" }).click();
  await counts(line(page), 0);
  const looked = page.waitForResponse("**/api/v1/status");
  await page.reload();
  await looked;
  await page.goto(`${house.address}/settings/about`);
  await page.getByText("http://192.168.7.2:8080").waitFor();
  await counts(line(page), 0);
}));

test("a server that only this machine reaches says nothing", house.scene(async (page) => {
  const looked = page.waitForResponse("**/api/v1/status");
  await page.reload();
  await looked;
  await counts(line(page), 0);
}));

test("a damaged database says so, and what puts a copy back", house.scene(async (page) => {
  await told(page, "status", { data_dir: "/home/nina/inglenook", checks: { database: { integrity: "damaged", status: "damaged" } } });
  await line(page).filter({ hasText: "/home/nina/inglenook" }).filter({ hasText: "inglenook restore" }).waitFor();
  assert.deepEqual(await barriers(page), []);
}));

test("a change of the embedding model is told while it goes on", house.scene(async (page) => {
  const next = { model: "prov_1/finer-embeddings", done: 30, total: 120, error: null };
  await told(page, "embeddings", { next });
  await line(page).filter({ hasText: "Finding by meaning changes to finer-embeddings: 25" }).waitFor();
  assert.deepEqual(await barriers(page), []);
  await line(page).getByRole("link").click();
  await page.waitForURL(/\/settings\/memory$/);
  await page.getByRole("progressbar", { name: "How much is done" }).waitFor();
  await counts(line(page), 0);
}));
