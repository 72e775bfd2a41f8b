// From the first screen to the first answer.
import assert from "node:assert/strict";
import { test } from "node:test";
import { answers, ask, counts, questions, shows, until, useHouse } from "./house.mjs";

const house = useHouse({ provider: false });

test("the first screen says what to do, and answers with passages while no model is there", house.scene(async (page) => {
  await page.getByRole("heading", { name: "Welcome to your inglenook" }).waitFor();
  await counts(page.locator(".welcome-lines li"), 3);
  await page.getByText("No model is connected yet.").waitFor();
  await page.getByText("Your chats will appear here.").waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.id), "composer");
  await ask(page, "The lighthouse keeper was called Maren");
  await page.waitForURL(/\/c\/conv_/);
  await answers(page).first().waitFor();
  await page.locator(".chat-row").first().waitFor();
  await page.keyboard.press("Control+Shift+O");
  await page.waitForURL(`${house.address}/`);
  await ask(page, "Who was the lighthouse keeper?");
  await answers(page).filter({ hasText: "Maren" }).waitFor();
  await page.locator(".cite").first().hover();
  await page.locator(".cite-card", { hasText: "Maren" }).waitFor();
}));

test("a server that was found is one click away", async () => {
  const server = { kind: "openai", name: "LM Studio", base_url: house.upstream.address, models: house.upstream.models };
  await house.scene({ found: [server] }, async (page) => {
    await page.getByRole("heading", { name: "LM Studio is running on this machine" }).waitFor();
    await page.getByRole("button", { name: "Use it" }).click();
    await page.getByText("LM Studio is ready. Ask away.").waitFor();
    await page.locator(".model-button", { hasText: "ember-chat" }).waitFor();
    await ask(page, "Good evening");
    await shows(answers(page).last(), "You asked: Good evening");
  })();
  const { items } = await house.api("GET", "/providers");
  await house.api("DELETE", `/providers/${items.find(({ name }) => name === "LM Studio").id}`);
});

test("a provider is connected on the settings page, a wrong key is told, and a conversation follows", house.scene({ allow: /40\d|422/ }, async (page) => {
  house.upstream.key = "sk-right-0001";
  await page.getByRole("link", { name: "Open settings" }).click();
  await page.getByRole("button", { name: "Add a provider" }).click();
  const form = page.getByRole("dialog");
  await form.getByLabel("Service").selectOption({ label: "Another OpenAI-compatible server" });
  await form.getByRole("textbox", { name: /^Name/ }).fill("Hearth");
  await form.getByRole("textbox", { name: /^Address/ }).fill(house.upstream.address);
  await form.getByRole("textbox", { name: /^API key/ }).fill("sk-wrong-0002");
  await form.getByRole("button", { name: "Save and test" }).click();
  await form.getByRole("alert").filter({ hasText: "Wrong key." }).waitFor();
  await form.getByRole("textbox", { name: /^API key/ }).fill("sk-right-0001");
  await form.getByRole("button", { name: "Save and test" }).click();
  await form.waitFor({ state: "detached" });
  const card = page.locator(".provider", { hasText: "Hearth" });
  await card.getByText("key …0001").waitFor();
  assert.ok(!(await page.content()).includes("sk-right-0001"), "the key is never shown");
  await card.getByRole("button", { name: "Test" }).click();
  await card.getByText("Works: 2 models").waitFor();
  await page.getByRole("link", { name: "Inglenook: start page" }).or(page.locator("a.brand")).first().click();
  await ask(page, "How warm is it?");
  await shows(answers(page).last(), "You asked: How warm is it?");
  await shows(questions(page).last(), "How warm is it?");
  await ask(page, "And tomorrow?");
  await shows(answers(page).last(), "You asked: And tomorrow?");
  assert.equal(house.upstream.asked.findLast(({ question }) => question === "And tomorrow?").body.messages.filter(({ role }) => role !== "system").length, 3);
  house.upstream.key = null;
}));

test("a title that the model makes replaces the question's words", house.scene(async (page) => {
  house.upstream.title = "Names of winds";
  await ask(page, "What are winds called in the south?");
  await page.locator(".chat-row", { hasText: "Names of winds" }).waitFor();
  await until(async () => (await page.title()) === "Names of winds · Inglenook" || page.title());
  house.upstream.title = "";
}));
