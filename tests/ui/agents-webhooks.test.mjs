// Webhooks on the Agents page: added, tested, and sent again what they missed.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { test } from "node:test";
import { barriers, say, settle, wide } from "./bus.mjs";
import { counts, useHouse } from "./house.mjs";

const house = useHouse({ settings: { RATE_LIMIT_BUS: "0", ALLOWED_FETCH_HOSTS: "127.0.0.1", WEBHOOK_RETRY_BASE_MS: "100", WEBHOOK_ATTEMPTS: "1" } });

test("a webhook is added, shows its secret once, is tested, and what it missed is sent again", house.scene({ path: "/agents/webhooks" }, async (page) => {
  let status = 200;
  const told = [];
  const server = createServer((request, response) => {
    told.push(request.headers["x-webhook-signature"]);
    response.writeHead(status).end();
  }).listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  try {
    await page.getByText("No webhook yet.").waitFor();
    await page.getByRole("button", { name: "New webhook" }).click();
    await page.getByRole("textbox", { name: "Address" }).fill(`http://127.0.0.1:${/** @type {any} */ (server.address()).port}/hook`);
    await page.getByRole("checkbox", { name: /message\.failed/ }).uncheck();
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByRole("alert").filter({ hasText: "at least one" }).waitFor();
    await page.getByRole("checkbox", { name: /message\.sent/ }).check();
    await page.getByRole("button", { name: "Add", exact: true }).click();
    const once = page.locator(".once");
    assert.ok((await once.getByRole("textbox").inputValue()).length > 20, "a secret");
    assert.deepEqual(await barriers(page), []);
    await once.getByRole("button", { name: "Done" }).click();
    await counts(once, 0);
    const card = page.locator(".webhook");
    await card.getByRole("button", { name: /^Test/ }).click();
    await card.getByText("It answered 200.").waitFor();
    assert.ok(told[0], "signed");
    status = 503;
    await say(house, { from: "mole", to: "gull", text: "Nobody hears this" });
    await card.getByText("1 was given up").click();
    status = 200;
    await card.getByRole("button", { name: /^Send again/ }).click();
    await counts(card.getByText("1 was given up"), 0);
    await page.getByRole("button", { name: /^Actions for/ }).click();
    await page.getByRole("menuitem", { name: "Delete" }).click();
    await counts(card, 0);
    await page.locator(".toast").getByRole("button", { name: "Undo" }).click();
    await card.waitFor();
  } finally {
    server.close();
  }
}));

for (const look of [360, 1280].flatMap((width) => [false, true].map((dark) => ({ width, dark })))) {
  test(`a webhook has no barrier and is not too wide (${look.width} px${look.dark ? ", dark" : ""})`, house.scene({ path: "/agents/webhooks", height: 800, ...look }, async (page) => {
    await settle(page);
    await page.locator(".webhook").first().waitFor();
    assert.deepEqual(await barriers(page), []);
    assert.equal(await wide(page), "");
  }));
}
