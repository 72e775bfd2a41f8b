// What agents told each other is found where everything else is: on the Search page and in the palette.
import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, say, wide } from "./bus.mjs";
import { counts, until, useHouse } from "./house.mjs";

const prepare = async (house) => {
  await house.chat("Which schooner sails?", ["The ", "Anneliese."]);
  house.told = (await say(house, { from: "keeper", to: "lighthouse", text: `${"Nothing to tell. ".repeat(20)}A schooner passed the rocks.` })).message_id;
  await say(house, { from: "keeper", to: "all", payload: { report: { ship: "barque", seen: true } } });
};
const house = useHouse({ prepare });
const group = (page) => page.getByRole("region", { name: "Agents" });

for (const look of [360, 1280].flatMap((width) => [false, true].map((dark) => ({ width, dark })))) {
  test(`a search shows messages of agents in a group of their own (${look.width} px${look.dark ? ", dark" : ""})`, house.scene({ path: "/search?q=schoon", height: 800, ...look }, async (page) => {
    const hit = group(page).getByRole("link");
    await hit.getByText("keeper → lighthouse").waitFor();
    assert.equal(await hit.locator("mark").innerText(), "schooner");
    await page.getByRole("region", { name: "Messages" }).or(page.getByRole("region", { name: "Chats" })).first().waitFor();
    assert.deepEqual(await barriers(page), []);
    assert.equal(await wide(page), "");
    await hit.click();
    await page.waitForURL(new RegExp(`/agents/log/${house.told}$`));
    await page.locator(".bus-detail", { hasText: "A schooner passed the rocks." }).waitFor();
  }));
}

test("what narrows a search to chats or documents leaves the agents out, a day does not", house.scene({ path: "/search?q=barque" }, async (page) => {
  await group(page).getByText('"barque"').waitFor();
  await page.getByRole("status").filter({ hasText: /^1 result/ }).waitFor();
  await page.getByLabel("From").fill("2024-05-01");
  await page.waitForURL(/from=2024-05-01/);
  await group(page).waitFor();
  await page.getByLabel("To", { exact: true }).fill("2024-05-02");
  await counts(group(page), 0);
  await page.goto(`${house.address}/search?q=barque&scope=conversations`);
  await page.getByText("Nothing found.").first().waitFor();
  await counts(group(page), 0);
}));

test("the palette finds messages of agents, and none of the last words", house.scene(async (page) => {
  await page.keyboard.press("Control+K");
  const field = page.getByRole("combobox");
  await field.fill("barque");
  const hit = page.getByRole("option", { name: /keeper → all/ });
  await hit.waitFor();
  await field.fill("schooner");
  await page.getByRole("option", { name: /keeper → lighthouse/ }).waitFor();
  await counts(hit, 0);
  await page.getByRole("option", { name: /keeper → lighthouse/ }).click();
  await page.waitForURL(new RegExp(`/agents/log/${house.told}$`));
  await until(async () => (await page.locator(".bus-detail").innerText()).includes("schooner") || "not opened");
}));
