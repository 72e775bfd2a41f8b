// What can be done with what was said: edit, ask again, delete, undo, the trash, search.
import assert from "node:assert/strict";
import { test } from "node:test";
import { answers, ask, counts, questions, shows, useHouse, until } from "./house.mjs";

const house = useHouse();
const row = (page, title) => page.locator(".chat-row", { hasText: title });

async function rowAction(page, title, action) {
  await row(page, title).hover();
  await row(page, title).getByRole("button").click();
  await page.getByRole("menuitem", { name: action, exact: true }).click();
}

test("an edited question becomes a second version, and the switcher shows both", house.scene(async (page) => {
  await ask(page, "First wording");
  await shows(answers(page), "You asked: First wording");
  await page.locator(".question").hover();
  await page.getByRole("button", { name: "Edit question" }).click();
  await page.getByRole("textbox", { name: "Edit question" }).fill("Second wording");
  await page.keyboard.press("Control+Enter");
  await shows(answers(page), "You asked: Second wording");
  const versions = page.locator(".question .siblings");
  await shows(versions, "2/2");
  await versions.getByRole("button", { name: "Previous version" }).click();
  await shows(answers(page), "You asked: First wording");
  await shows(versions, "1/2");
  await page.reload();
  await shows(questions(page), "First wording");
  await page.getByRole("button", { name: "Branches" }).click();
  await page.locator(".side-panel", { hasText: "This chat forks in one place." }).getByText("Second wording").first().waitFor();
}));

test("another answer stands beside the first one, also from another model", house.scene(async (page) => {
  house.upstream.when("Roll the dice", { pieces: ["A six."], times: 1 });
  await ask(page, "Roll the dice");
  await shows(answers(page), "A six.");
  await page.locator(".answer").getByRole("button", { name: "Answer again" }).click();
  await page.getByRole("menuitem", { name: "Answer with another model…" }).click();
  await page.locator(".model-choice", { hasText: "other-chat" }).click();
  await shows(answers(page), "You asked: Roll the dice");
  await shows(page.locator(".answer-by"), "other-chat");
  await shows(page.locator(".answer .siblings"), "2/2");
  assert.equal(house.upstream.asked.findLast(({ question }) => question === "Roll the dice").body.model, "other-chat");
  await page.locator(".answer .siblings").getByRole("button", { name: "Previous version" }).click();
  await shows(answers(page), "A six.");
}));

test("an answer is edited without losing what follows", house.scene(async (page) => {
  await ask(page, "One");
  await shows(answers(page), "You asked: One");
  await ask(page, "Two");
  await shows(answers(page).last(), "You asked: Two");
  const first = page.locator(".answer").first();
  await first.hover();
  await first.getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "Edit answer" }).click();
  await page.getByRole("textbox", { name: "Edit answer" }).fill("Mended.");
  await page.keyboard.press("Control+Enter");
  await shows(answers(page).first(), "Mended.");
  await shows(answers(page).last(), "You asked: Two");
  await first.getByText("edited").waitFor();
  await page.locator(".toast", { hasText: "Answer changed" }).getByRole("button", { name: "Undo" }).click();
  await shows(answers(page).first(), "You asked: One");
  await shows(answers(page).last(), "You asked: Two");
}));

test("deleted messages come back with Undo", house.scene(async (page) => {
  await ask(page, "Keep me");
  await shows(answers(page), "You asked: Keep me");
  await ask(page, "Delete me");
  await shows(answers(page).last(), "You asked: Delete me");
  const last = page.locator(".question").last();
  await last.hover();
  await last.getByRole("button", { name: "More" }).click();
  await page.getByRole("menuitem", { name: "Delete from here on" }).click();
  await counts(questions(page), 1);
  await page.getByRole("button", { name: "Undo" }).click();
  await shows(answers(page).last(), "You asked: Delete me");
}));

test("a deleted chat comes back with Undo, and later from the trash", house.scene(async (page) => {
  const id = await house.chat("Letter to the harbour");
  await row(page, "Letter to the harbour").waitFor();
  await rowAction(page, "Letter to the harbour", "Delete");
  await counts(row(page, "Letter to the harbour"), 0);
  await page.getByRole("button", { name: "Undo" }).click();
  await row(page, "Letter to the harbour").waitFor();
  await rowAction(page, "Letter to the harbour", "Delete");
  await counts(row(page, "Letter to the harbour"), 0);
  await page.goto(`${house.address}/c/${id}`);
  await page.getByText("This chat is in the trash.").waitFor();
  await page.locator(".filter-name").click();
  await page.getByRole("menuitemradio", { name: "Trash" }).click();
  await rowAction(page, "Letter to the harbour", "Restore");
  await page.locator("#composer").waitFor();
  await page.getByRole("button", { name: "Show all chats" }).click();
  await row(page, "Letter to the harbour").waitFor();
}));

test("several chats are selected and archived at once", house.scene(async (page) => {
  await house.chat("Bulk one");
  await house.chat("Bulk two");
  await row(page, "Bulk two").waitFor();
  await page.getByRole("button", { name: "Select several" }).click();
  await row(page, "Bulk one").locator("a").click();
  await row(page, "Bulk two").locator("a").click();
  await page.locator(".bulk-bar").getByRole("button", { name: "Archive" }).click();
  await page.getByText("2 chats archived").waitFor();
  await counts(row(page, "Bulk"), 0);
}));

test("the palette finds what was said and opens the chat at it", house.scene(async (page) => {
  const id = await house.chat("Tell me about boats", ["The ", "schooner ", "has two masts."]);
  await house.chat("Something else");
  await page.keyboard.press("Control+K");
  const field = page.getByRole("combobox");
  await field.fill("schoon");
  const hit = page.getByRole("option", { name: /schooner/ });
  await hit.waitFor();
  assert.equal(await hit.locator("mark").innerText(), "schooner");
  await page.keyboard.press("Enter");
  await page.waitForURL(new RegExp(id));
  await page.locator(".found", { hasText: "schooner" }).waitFor();
  await page.goto(`${house.address}/search?q=schooner`);
  await page.locator("main").getByText("schooner").first().click();
  await page.waitForURL(new RegExp(id));
  await page.keyboard.press("Control+K");
  await field.fill("zzyzx");
  await page.getByText("Nothing found.").waitFor();
}));

test("a temporary chat answers and leaves nothing", house.scene(async (page) => {
  await page.locator("#composer").waitFor();
  await page.keyboard.press("Control+Shift+Y");
  await page.waitForURL(/\/temporary$/);
  await ask(page, "Between us only");
  await shows(answers(page), "You asked: Between us only");
  await counts(row(page, "Between us only"), 0);
  const { items } = await house.api("POST", "/search", { query: "Between us only" });
  assert.ok(!items.some((item) => item.snippet.text.includes("Between us")));
  await page.keyboard.press("Control+Shift+O");
  await page.waitForURL(`${house.address}/`);
  await page.goBack();
  await page.getByText("Nothing of this chat is written down.").waitFor();
}));

test("a draft and the settings of a chat are kept over a reload", house.scene(async (page) => {
  const id = await house.chat("Drafts");
  await page.goto(`${house.address}/c/${id}`);
  await page.locator("#composer").fill("half a thou");
  await page.getByRole("button", { name: "Chat settings" }).click();
  await page.getByLabel("System prompt").fill("Be brief.");
  await page.getByLabel("Temperature").fill("0.3");
  await page.keyboard.press("Tab");
  await until(async () => (await house.api("GET", `/conversations/${id}`)).options.temperature === 0.3 || "not saved");
  await until(() => page.evaluate(() => JSON.stringify({ ...localStorage }).includes("half a thou")));
  await page.reload();
  await until(async () => (await page.locator("#composer").inputValue()) === "half a thou" || "no draft");
  await page.locator("#composer").press("Enter");
  await until(() => house.upstream.asked.some(({ question }) => question === "half a thou") || "not asked");
  const { body } = house.upstream.asked.find(({ question }) => question === "half a thou");
  assert.equal(body.temperature, 0.3);
  assert.ok(JSON.stringify(body.messages).includes("Be brief."));
}));
