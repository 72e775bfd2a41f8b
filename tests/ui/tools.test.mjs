// Tools: servers are listed and tested, a chat chooses among them, a call is shown and asked about.
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { barriers, wide } from "./bus.mjs";
import { answers, ask, counts, shows, until, useHouse } from "./house.mjs";

const MODEL = "gpt-4o-hearth";

const SCRIPT = `
const say = (id, result) => process.stdout.write(JSON.stringify({ jsonrpc: "2.0", id, result }) + "\\n");
const tool = (name, readOnlyHint) => ({ name, description: "It is there to " + name, inputSchema: { type: "object" }, annotations: { readOnlyHint } });
const text = (words) => ({ content: [{ type: "text", text: words }] });
require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
  const { id, method, params } = JSON.parse(line);
  if (method === "initialize") say(id, { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo: { name: "garden", version: "1" } });
  if (method === "tools/list") say(id, { tools: [tool("look", true), tool("plant", false)] });
  if (method === "tools/call") say(id, text(params.name === "look" ? "rows of beans" : "planted " + params.arguments.what));
});`;

const prepare = async (house) => {
  house.upstream.models.push(MODEL);
  await house.api("GET", "/models?refresh=true");
  writeFileSync(join(house.folder, "garden.cjs"), SCRIPT);
};
const house = useHouse({ prepare });

/** A chat with the model that calls tools, which uses the garden. */
async function chat(title) {
  const { items } = await house.api("GET", "/tool-servers");
  const tools = items.filter(({ name }) => name === "Garden").map(({ id }) => id);
  const { id } = await house.api("POST", "/conversations", { title, model: house.model(MODEL), tools });
  return id;
}

test("a server is added, shows its tools, is tested, and can be brought back", house.scene({ path: "/settings/tools" }, async (page) => {
  await page.getByText("No server yet.").waitFor();
  await page.getByRole("button", { name: "Add a server" }).click();
  const form = page.getByRole("dialog");
  await form.getByRole("textbox", { name: "Name", exact: true }).fill("Garden");
  await form.getByRole("textbox", { name: "Program", exact: true }).fill(process.execPath);
  await form.getByRole("textbox", { name: "Arguments" }).fill(join(house.folder, "garden.cjs"));
  await form.getByRole("textbox", { name: "Variables" }).fill("SPADE=a-secret-spade");
  assert.deepEqual(await barriers(page), []);
  await form.getByRole("button", { name: "Save" }).click();
  const card = page.locator(".tool-server");
  await card.getByText("2 tools").click();
  await card.getByText("It is there to plant").waitFor();
  await card.getByText("may change things").waitFor();
  assert.ok(!(await page.content()).includes("a-secret-spade"));
  await card.getByRole("button", { name: /^Test/ }).click();
  await card.getByText(/Works: 2 tools/).waitFor();
  assert.deepEqual(await barriers(page), []);
  await page.getByRole("button", { name: /^Actions for/ }).click();
  await page.getByRole("menuitem", { name: "Delete" }).click();
  await counts(card, 0);
  await page.locator(".toast").getByRole("button", { name: "Undo" }).click();
  await card.waitFor();
}));

test("a call that may change something asks, is made, and stays to be looked at", house.scene(async (page) => {
  const id = await chat("Beans");
  house.upstream.when("Plant beans", { pieces: ["I will."], call: { name: "Garden__plant", arguments: { what: "beans" } }, times: 1 });
  house.upstream.when("planted beans", { pieces: ["They are in."] });
  await page.goto(`${house.address}/c/${id}`);
  await ask(page, "Plant beans");
  const question = page.locator(".consent");
  await question.getByText("Allow Garden · plant?").waitFor();
  await question.getByText('"what": "beans"').waitFor();
  assert.deepEqual(await barriers(page), []);
  // The question outlives a reload, where nobody writes, so it has the focus.
  await page.reload();
  await question.waitFor();
  await question.getByRole("button", { name: "Allow once" }).click();
  await shows(answers(page).last(), "They are in.");
  // What was said, the call, and what was said after it stand in the order in which they came.
  const order = await page.locator(".answer :is(.prose, .tool-calls)").evaluateAll((all) => all.map((one) => one.className.split(" ").at(-1)));
  assert.deepEqual(order, ["prose", "tool-calls", "prose"]);
  await shows(answers(page).first(), "I will.");
  const call = page.locator(".tool-call");
  assert.equal(await call.evaluate((element) => element.open), false);
  await call.locator("summary").click();
  await call.getByText("planted beans").waitFor();
  await page.reload();
  await page.locator(".tool-call").getByText("Done").waitFor();
  assert.deepEqual(await barriers(page), []);
}));

test("no is no, always is for the chat, and by keys alone", house.scene(async (page) => {
  const id = await chat("Peas");
  const plant = { call: { name: "Garden__plant", arguments: { what: "peas" } }, times: 1 };
  house.upstream.when("Plant peas", plant);
  house.upstream.when("did not allow", { pieces: ["Then not."] });
  house.upstream.when("planted peas", { pieces: ["They are in."] });
  await page.goto(`${house.address}/c/${id}`);
  await ask(page, "Plant peas");
  await page.locator(".consent").getByRole("button", { name: "No" }).focus();
  await page.keyboard.press("Enter");
  await shows(answers(page).last(), "Then not.");
  await page.locator(".tool-call").getByText("Not allowed").waitFor();
  house.upstream.when("Plant peas", plant);
  await ask(page, "Plant peas now");
  await page.locator(".consent").getByRole("button", { name: "Always in this chat" }).click();
  await shows(answers(page).last(), "They are in.");
  house.upstream.when("Plant peas", plant);
  await ask(page, "Plant peas again");
  await until(async () => (await answers(page).count()) === 3 || "not yet");
  await shows(answers(page).last(), "They are in.");
  await counts(page.locator(".consent"), 0);
}));

test("a chat chooses its tools", house.scene(async (page) => {
  const id = await chat("Choosing");
  await page.goto(`${house.address}/c/${id}`);
  await page.getByRole("button", { name: "Tools of this chat" }).click();
  const dialog = page.getByRole("dialog");
  const garden = dialog.getByRole("checkbox", { name: "Garden" });
  await garden.waitFor();
  assert.ok(await garden.isChecked());
  assert.deepEqual(await barriers(page), []);
  await dialog.getByRole("checkbox", { name: /Search documents/ }).check();
  await garden.uncheck();
  await until(async () => {
    const { tools } = await house.api("GET", `/conversations/${id}`);
    return tools.join() === "search_documents" || tools.join();
  });
  await page.keyboard.press("Escape");
  await counts(dialog, 0);
}));

test("a new chat chooses its tools before its first question, and none is made until then", house.scene(async (page) => {
  const before = (await house.api("GET", "/conversations")).items.length;
  await page.evaluate((id) => localStorage.setItem("inglenook.model", JSON.stringify(id)), house.model(MODEL));
  await page.reload();
  const button = page.getByRole("button", { name: "Tools of this chat" });
  await button.click();
  const dialog = page.getByRole("dialog");
  const documents = dialog.getByRole("checkbox", { name: /Search documents/ });
  await documents.check();
  await dialog.getByRole("checkbox", { name: "Garden" }).check();
  assert.deepEqual(await barriers(page), []);
  await page.keyboard.press("Escape");
  await button.click();
  assert.ok(await documents.isChecked(), "what was chosen stays");
  await documents.uncheck();
  await page.keyboard.press("Escape");
  assert.equal((await house.api("GET", "/conversations")).items.length, before);
  await ask(page, "Hello garden");
  await shows(answers(page), "You asked: Hello garden");
  const { body } = house.upstream.asked.findLast(({ question }) => question === "Hello garden");
  assert.deepEqual(body.tools.map((tool) => tool.function.name).sort(), ["Garden__look", "Garden__plant"]);
  const { items } = await house.api("GET", "/tool-servers");
  const made = await house.api("GET", `/conversations/${page.url().split("/c/")[1]}`);
  assert.deepEqual(made.tools, items.filter(({ name }) => name === "Garden").map(({ id }) => id));
  await page.keyboard.press("Control+Shift+O");
  await page.waitForURL(`${house.address}/`);
  await button.click();
  await dialog.getByRole("checkbox", { name: "Garden" }).waitFor();
  assert.ok(!(await dialog.getByRole("checkbox", { name: "Garden" }).isChecked()), "the next new chat begins anew");
}));

for (const look of [360, 1280].flatMap((width) => [false, true].map((dark) => ({ width, dark })))) {
  test(`the servers have no barrier and are not too wide (${look.width} px${look.dark ? ", dark" : ""})`, house.scene({ path: "/settings/tools", height: 800, ...look }, async (page) => {
    await page.locator(".tool-server").first().waitFor();
    assert.deepEqual(await barriers(page), []);
    assert.equal(await wide(page), "");
  }));
}
