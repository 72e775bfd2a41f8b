// An answer that was edited keeps its earlier texts: they are shown, each with its time, and one can be put back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, wide } from "./bus.mjs";
import { answers, counts, shows, useHouse } from "./house.mjs";

const house = useHouse();
const LOOKS = [360, 1280].flatMap((width) => [false, true].map((dark) => ({ width, dark })));

/** A chat whose answer was edited into each of some texts. */
async function edited(question, ...texts) {
  const id = await house.chat(question, ["The **first** text."]);
  const { items } = await house.api("GET", `/conversations/${id}/messages`);
  for (const content of texts) await house.api("PATCH", `/conversations/${id}/messages/${items[1].id}`, { content });
  return id;
}

for (const look of LOOKS) {
  test(`the earlier texts of an answer open from its mark (${look.width} px${look.dark ? ", dark" : ""})`, house.scene({ height: 800, ...look }, async (page) => {
    const id = await edited("Write it", "The second text.", "The third text.");
    await page.goto(`${house.address}/c/${id}`);
    await page.getByRole("button", { name: "Edited: show the earlier texts" }).click();
    const dialog = page.getByRole("dialog", { name: "Earlier texts of this answer" });
    const texts = dialog.locator(".earlier");
    await counts(texts, 2);
    await shows(texts.first().locator(".prose"), "The second text.");
    await shows(texts.last().locator(".prose strong"), "first");
    await texts.first().getByText(/^Written .+, replaced .+/).waitFor();
    assert.deepEqual(await barriers(page), []);
    assert.equal(await wide(page), "");
    await page.keyboard.press("Escape");
    await counts(dialog, 0);
  }));
}

test("an earlier text is put back by keys, which is one more edit that can be undone", house.scene(async (page) => {
  const id = await edited("Mend it", "A slip.");
  await page.goto(`${house.address}/c/${id}`);
  await shows(answers(page), "A slip.");
  const mark = page.getByRole("button", { name: "Edited: show the earlier texts" });
  await mark.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("dialog").getByRole("button", { name: "Put this text back" }).focus();
  await page.keyboard.press("Enter");
  await counts(page.getByRole("dialog"), 0);
  await shows(answers(page), "The first text.");
  await page.locator(".toast", { hasText: "The earlier text is back" }).waitFor();
  await mark.click();
  const texts = page.getByRole("dialog").locator(".earlier");
  await counts(texts, 2);
  await counts(texts.last().getByRole("button", { name: "Put this text back" }), 0);
  await page.keyboard.press("Escape");
  await page.locator(".toast").getByRole("button", { name: "Undo" }).click();
  await shows(answers(page), "A slip.");
}));

test("earlier texts that cannot be fetched are said to be so", house.scene({ allow: /500/ }, async (page) => {
  const id = await edited("Lose it", "Gone.");
  await page.route("**/revisions?*", (route) => route.fulfill({ status: 500, json: { error: "the disk is tired", code: "internal", status: 500 } }));
  await page.goto(`${house.address}/c/${id}`);
  await page.getByRole("button", { name: "Edited: show the earlier texts" }).click();
  await page.getByRole("dialog").getByRole("alert").filter({ hasText: "The disk is tired" }).waitFor();
}));
