// The meter of the message field: it says what the server will send, and what it will leave out.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { test } from "node:test";
import { answers, shows, until, useHouse } from "./house.mjs";

const BUDGET = 2500;
// Long questions are no matter of what is meant by them here.
const house = useHouse({ settings: { CONTEXT_TOKEN_BUDGET: String(BUDGET), ENABLE_EMBEDDINGS: "false" } });
const meter = (page) => page.locator(".meter");
const LONG = "Many words stand here. ".repeat(100);
const PICTURE = { name: "a.png", mimeType: "image/png", buffer: Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64") };

/** A chat that is sent nothing besides what was said in it. */
async function chat(question, ...pieces) {
  const id = await house.chat(question, pieces);
  await house.api("PATCH", `/conversations/${id}`, { options: { memory: false }, system_prompt: "Be brief." });
  return id;
}

/** The tokens that the meter shows, once it shows any. */
async function tokens(page) {
  await meter(page).waitFor();
  const text = await meter(page).innerText();
  return Number(text.replace(/[^0-9].*$/s, ""));
}

/** What was sent for the last answer. */
async function sent(id) {
  const { items } = await house.api("GET", `/conversations/${id}/messages`);
  return (await house.api("GET", `/turns/${items.at(-1).turn_id}`)).prompt;
}

test("what the meter says is what the server sends, and a changed limit is heard of", house.scene(async (page) => {
  const id = await chat("Tell me of the harbour", "Boats ", "lie in it.");
  await page.goto(`${house.address}/c/${id}`);
  const question = "Which ones, and are there 12 of them? Größe, 船";
  await page.locator("#composer").fill(question);
  await meter(page).getByText("of 2.5K tokens").waitFor();
  const shown = await tokens(page);
  await page.keyboard.press("Enter");
  await shows(answers(page).last(), `You asked: ${question}`);
  assert.equal((await sent(id)).tokens, shown);
  await page.locator("#composer").fill("And then?");
  const before = await tokens(page);
  writeFileSync(house.configFile, "HISTORY_LIMIT=0\n");
  await until(async () => (await tokens(page)) < before || "the meter still counts what is not sent");
  const alone = await tokens(page);
  await page.keyboard.press("Enter");
  await shows(answers(page).last(), "You asked: And then?");
  const prompt = await sent(id);
  assert.deepEqual([prompt.tokens, prompt.messages.length], [alone, 2]);
  writeFileSync(house.configFile, "");
}));

test("it warns before the oldest are left out, and of a question that is too long", house.scene({ width: 360 }, async (page) => {
  const id = await chat("Say much", LONG.repeat(2));
  await page.goto(`${house.address}/c/${id}`);
  const field = page.locator("#composer");
  await field.fill("Go on");
  await meter(page).and(page.locator(":not(.warn, .bad)")).waitFor({ state: "attached" });
  await field.fill(LONG.repeat(3));
  await page.locator(".meter.warn").waitFor();
  assert.match(await meter(page).getAttribute("title"), /the oldest messages will be left out/);
  await field.press("Enter");
  await until(async () => (await sent(id)).dropped > 0 || "nothing was left out");
  await field.fill(LONG.repeat(6));
  await page.locator(".meter.bad").waitFor();
  assert.match(await meter(page).getAttribute("title"), /Shorten it, or choose another model/);
}));

test("pictures and text files count, also in a new chat", house.scene(async (page) => {
  const { image_tokens: picture } = await house.api("GET", "/prompt-budget");
  const file = page.locator(".composer input[type=file]");
  const field = page.locator("#composer");
  await field.fill("What is this?");
  const words = await tokens(page);
  await file.setInputFiles(PICTURE);
  await page.locator(".attachment", { hasText: "a.png" }).waitFor();
  await until(async () => /^1k of/i.test(await meter(page).innerText()) || meter(page).innerText());
  await page.getByRole("button", { name: "Remove a.png" }).click();
  await until(async () => (await tokens(page)) === words || "the picture still counts");
  await file.setInputFiles({ name: "a.txt", mimeType: "text/plain", buffer: Buffer.from("word".repeat(200)) });
  await until(async () => (await tokens(page)) >= words + 200 || meter(page).innerText());
  assert.ok(picture >= 500 && words < 50, `${picture} ${words}`);
}));
