// What the Agents page gives to copy really runs: without a password, and with a token made by one click. What a member sees.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { barriers, say } from "./bus.mjs";
import { lock, person, signedIn } from "./doors.mjs";
import { counts, until, useHouse } from "./house.mjs";

const house = useHouse({ settings: { RATE_LIMIT_BUS: "0" } });
const PROGRAMS = { Python: ["python3", "py"], JavaScript: [process.execPath, "mjs"], curl: ["bash", "sh"] };

/** What a snippet holds. */
async function copied(page, language) {
  await page.getByRole("group", { name: "Language" }).getByRole("button", { name: language, exact: true }).click();
  const name = { Python: "python", JavaScript: "javascript", curl: "bash", MCP: "json" }[language];
  const code = page.locator(`.code-block[data-language=${name}] code`);
  await code.first().waitFor();
  return code.allTextContents();
}

/** Runs a program as its snippet stands, until `done`. */
async function run(language, text, done) {
  const [program, ending] = PROGRAMS[language];
  const file = join(house.folder, `copied.${ending}`);
  writeFileSync(file, text);
  const child = spawn(program, [file], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data) => (said += data));
  try {
    await done(() => said);
  } finally {
    child.kill("SIGKILL");
  }
}

/** The program came, hears, acknowledges and, where it can, answers. */
async function lives(language, text, me) {
  await run(language, text, async (said) => {
    await until(() => said().includes('"sent"') || said().includes("'sent'") || said() || "it said nothing");
    await until(async () => {
      const { state } = await house.api("GET", `/clients/${me}`);
      return state === "online" || `${state}; ${said()}`;
    });
    const { message_id: question } = await say(house, { from: "asker", to: me, type: "question", text: `Do you hear, ${language}?`, require_ack: language !== "curl" });
    await until(() => said().includes(`Do you hear, ${language}?`) || said());
    if (language === "curl") return;
    await until(async () => {
      const { recipients } = await house.api("GET", `/messages/${question}/status`);
      return recipients[0].state === "acknowledged" || JSON.stringify(recipients);
    });
    await until(async () => (await house.api("GET", `/messages/${question}/thread`)).count === 2 || `no answer: ${said()}`);
  });
}

for (const language of Object.keys(PROGRAMS)) {
  test(`the ${language} snippet runs as it stands while there is no password`, house.scene({ path: "/agents/connect" }, async (page) => {
    const me = `open-${language.toLowerCase()}`;
    await page.getByRole("textbox", { name: /^Name of the client/ }).fill(me);
    const [text] = await copied(page, language);
    assert.ok(!text.includes("TOKEN"), text);
    await lives(language, text, me);
  }));
}

test("the settings for MCP clients name this server", house.scene({ path: "/agents/connect" }, async (page) => {
  const [http, stdio] = (await copied(page, "MCP")).map((text) => JSON.parse(text).mcpServers.inglenook);
  assert.deepEqual(http, { type: "http", url: `${house.address}/mcp` });
  assert.deepEqual(stdio, { command: "inglenook", args: ["mcp"] });
  await page.getByRole("textbox", { name: /^Name of the client/ }).fill("no good name");
  await page.locator(".wrong", { hasText: "Up to 64" }).waitFor();
}));

test("while there is no password, the page says that no token is needed", house.scene({ path: "/agents/tokens" }, async (page) => {
  await page.getByText("No token is needed").waitFor();
  await counts(page.getByRole("button", { name: "New token" }), 0);
}));

test("one click makes the token of a client, and its snippets hold it", house.scene({ allow: /\b(401|403)\b/ }, async (page, context) => {
  await lock(house);
  await signedIn(house, page, context, "/agents/connect");
  await page.getByRole("textbox", { name: /^Name of the client/ }).fill("locked");
  assert.match((await copied(page, "Python"))[0], /TOKEN-OF-THIS-CLIENT/);
  await page.getByRole("button", { name: "Make a token for locked" }).click();
  const token = await page.locator(".once").getByRole("textbox").inputValue();
  assert.deepEqual(await barriers(page), []);
  for (const language of Object.keys(PROGRAMS)) {
    const [text] = await copied(page, language);
    assert.ok(text.includes(token), language);
    await lives(language, text, "locked");
  }
  assert.equal(JSON.parse((await copied(page, "MCP"))[0]).mcpServers.inglenook.headers.Authorization, `Bearer ${token}`);
  const refused = await house.ask("POST", "/send", { from: "somebody-else", to: "locked", text: "I am not me" }, { authorization: `Bearer ${token}` });
  assert.equal(refused.status, 403);
  await page.goto(`${house.address}/agents/tokens`);
  await page.locator(".security .list > li", { hasText: "locked" }).filter({ hasText: "only as" }).waitFor();
  await page.getByRole("textbox", { name: "Name of the client" }).or(page.getByRole("combobox", { name: "Name of the client" })).fill("second");
  await page.getByRole("button", { name: "Make a token for second" }).click();
  await page.locator(".once").waitFor();
  assert.deepEqual(await barriers(page), []);
}));

test("a member sees the bus, but neither breakers nor the way to delete everything", house.scene({ allow: /\b(401|403)\b/ }, async (page, context) => {
  const member = await person(house, "Mira");
  await signedIn(house, page, context, "/agents", { username: "Mira", password: member.password });
  await page.locator(".clients tbody tr", { hasText: "asker" }).waitFor();
  await counts(page.getByRole("heading", { name: "Breakers" }), 0);
  await page.goto(`${house.address}/agents/log`);
  await page.locator(".bus-row").first().waitFor();
  await page.getByRole("button", { name: "More about the messages" }).click();
  await page.getByRole("menuitem", { name: /Download all/ }).waitFor();
  await counts(page.getByRole("menuitem", { name: "Delete all messages" }), 0);
}));
