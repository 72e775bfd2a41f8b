// The re-ranker: chosen among the models that rank, off again with a choice, and its failure is said where it is chosen.
import assert from "node:assert/strict";
import { test } from "node:test";
import { shows, until, useHouse } from "./house.mjs";

const house = useHouse();
const chosen = async () => (await house.api("GET", "/reranker")).model;

test("without a model that ranks, the settings say where one comes from", house.scene({ path: "/settings/memory" }, async (page) => {
  await page.getByText("No provider lists one.").waitFor();
  assert.equal(await page.getByRole("combobox", { name: "Re-ranker" }).count(), 0);
}));

test("a re-ranker is chosen and given up, and no chat is offered to it", house.scene(async (page) => {
  house.upstream.models.push("bge-reranker-v2-m3");
  await house.api("GET", "/models?refresh=true");
  await page.goto(`${house.address}/settings/memory`);
  const select = page.getByRole("combobox", { name: "Re-ranker" });
  await select.selectOption({ label: "bge-reranker-v2-m3" });
  await until(async () => (await chosen()) === `${house.provider.id}/bge-reranker-v2-m3` || chosen());
  await page.reload();
  await shows(select.locator("option:checked"), "bge-reranker-v2-m3");
  await select.selectOption({ label: "None" });
  await until(async () => (await chosen()) === null || chosen());
  await page.goto(`${house.address}/settings/models`);
  await page.getByRole("row", { name: /bge-reranker/ }).getByText("ranks texts").waitFor();
  await page.goto(house.address);
  await page.locator(".model-button", { hasText: "ember-chat" }).click();
  await page.locator(".model-choice", { hasText: "ember-chat" }).first().waitFor();
  assert.equal(await page.locator(".model-choice", { hasText: "reranker" }).count(), 0);
}));

test("a choice that fails is told and not kept", house.scene({ allow: /\b502\b/ }, async (page) => {
  house.upstream.models.push("broken-reranker");
  await house.api("GET", "/models?refresh=true");
  await page.goto(`${house.address}/settings/memory`);
  await page.route("**/api/v1/reranker", (route) =>
    route.request().method() === "PUT" ? route.fulfill({ status: 502, json: { error: "Hearth gave no usable answer", code: "bad_answer" } }) : route.continue());
  const select = page.getByRole("combobox", { name: "Re-ranker" });
  await select.selectOption({ label: "broken-reranker" });
  await page.locator(".toast", { hasText: "Hearth gave no usable answer" }).waitFor();
  await until(async () => (await select.inputValue()) === "" || select.inputValue());
}));
