// Hostile words at every place where words of others are shown: nothing runs, and text stays text.
import assert from "node:assert/strict";
import { test } from "node:test";
import { lock, signedIn } from "./doors.mjs";
import { counts, until, useHouse } from "./house.mjs";
import { ALL, alive, BLOCKS, LINES, watch } from "./payloads.mjs";
import { within } from "./tour.mjs";

const house = useHouse({ settings: { RATE_LIMIT_UPLOAD: "0", RATE_LIMIT_BUS: "0" } });
const SIZES = [1, 2, 5, 1000];
const short = (text) => JSON.stringify(text.slice(0, 60));
const plain = (text) => text.replace(/\s+/g, " ").trim();

/** A test whose page reports every violation of its policy, and that names each payload which came alive. */
function hostile(path, fn, allow = undefined) {
  return house.scene({ path: "/health/live", allow }, async (page, context) => {
    await watch(context);
    await page.goto(house.address + path);
    const found = [];
    const check = async (what) => {
      for (const bad of await alive(page)) found.push(`${what}: ${bad}`);
      await page.evaluate(() => (globalThis.violations.length = 0));
    };
    await fn(page, check, context);
    assert.deepEqual(found, []);
  });
}

/** Waits until an element shows a text as it is. */
function showsText(locator, text) {
  return until(async () => {
    const all = await locator.allInnerTexts();
    return all.some((one) => plain(one).includes(plain(text))) || `${short(text)} is not among ${all.length} texts`;
  });
}

test("an answer that is streamed, in pieces of every size", hostile("/", async (page, check) => {
  const { id } = await house.api("POST", "/conversations", { title: "Streamed" });
  await within(page, `/c/${id}`);
  await page.locator("#composer").waitFor();
  for (const [n, payload] of ALL.entries()) {
    const size = SIZES[n % SIZES.length];
    house.upstream.when(`Attack ${n}.`, { pieces: [...`Before.\n\n${payload}\n\nEnd of ${n}.`.match(new RegExp(`[^]{1,${size}}`, "gu"))] });
    await house.api("POST", `/conversations/${id}/messages`, { content: `Attack ${n}.`, stream: false, model: house.model() });
    const answer = page.locator(".answer").filter({ hasText: `End of ${n}.` });
    // An open comment may take the rest with it.
    if (!/<!--|<!\[|<\?|<(title|textarea|noscript|template|style|script)/i.test(payload)) await answer.waitFor();
    else await page.locator(".question", { hasText: `Attack ${n}.` }).waitFor();
    if (payload.startsWith("```mermaid")) await page.locator(".code-block.drawn, .code-block .hint").last().waitFor();
    await check(short(payload));
  }
  await page.reload();
  await page.locator(".answer").last().waitFor();
  await check("after a reload");
}));

test("titles, folders and tags", hostile("/", async (page, check) => {
  for (const payload of LINES) {
    const tag = payload.replace(/,/g, " ").slice(0, 60);
    await house.api("POST", "/conversations", { title: payload, folder: tag, tags: [tag] });
  }
  const { items } = await house.api("GET", "/conversations?limit=200");
  const ours = items.filter(({ folder }) => folder);
  assert.equal(ours.length, LINES.length);
  await page.reload();
  for (const { id, title, folder } of ours) {
    await within(page, `/c/${id}`);
    await showsText(page.locator("h1"), title);
    await until(async () => plain(await page.title()).startsWith(plain(title).slice(0, 20)) || page.title());
    await page.locator(`.chat-row`).first().waitFor();
    await check(short(folder));
  }
  const menu = page.locator("nav .filter-name, .sidebar [aria-haspopup=menu]").first();
  await menu.click();
  await page.locator("[role=menu]").waitFor();
  await check("the menu of folders and tags");
}));

test("documents: their names and their text", hostile("/library", async (page, check) => {
  for (const [n, payload] of ALL.entries()) {
    const name = (LINES[n] ?? `block ${n}`).replace(/[/\\]/g, "|");
    const { items } = await house.api("POST", "/documents", { name: `${name}.txt`, text: `Pier ${n}\n\n${payload}\n` });
    const { id, name: shown } = items[0].document;
    await until(async () => ["ready", "failed"].includes((await house.api("GET", `/documents/${id}`)).state) || "still read");
    await within(page, `/library/${id}`);
    await showsText(page.locator("h1"), shown);
    await showsText(page.locator("main"), payload.split("\n")[0].replace(/^[#>-]+\s*/, ""));
    await check(short(payload));
  }
  await within(page, "/library");
  await page.locator(".document-row").first().waitFor();
  await check("the list");
}));

test("citations of such documents", hostile("/", async (page, check) => {
  const { items } = await house.api("GET", "/documents?limit=200");
  house.upstream.when("What does it say", { pieces: ["It says so [1]", "."] });
  let cards = 0;
  for (const { id, name } of items) {
    const chat = await house.api("POST", "/conversations", { title: "Cited" });
    await house.api("POST", `/conversations/${chat.id}/messages`, { content: "What does it say of the pier?", documents: [id], stream: false, model: house.model() });
    await within(page, `/c/${chat.id}`);
    const cite = page.locator(".answer .cite").first();
    await cite.waitFor();
    await cite.hover();
    await page.locator(".cite-card").waitFor();
    cards += 1;
    await check(`the card of ${short(name)}`);
    await page.mouse.move(2, 2);
    await counts(page.locator(".cite-card"), 0);
  }
  assert.equal(cards, ALL.length);
  await page.locator(".answer .cite").first().click();
  await page.locator(".side-panel").waitFor();
  await check("the panel");
}));

test("notes, and all of it as it is found", hostile("/settings/memory", async (page, check) => {
  for (const payload of ALL) await house.api("POST", "/notes", { text: payload });
  for (const payload of ALL) await showsText(page.locator(".note-text"), payload);
  await check("the list of notes");
  for (const words of ["pwned", "onerror", "javascript", "<script>"]) {
    await within(page, `/search?q=${encodeURIComponent(words)}`);
    await page.locator("main mark").first().waitFor();
    await check(`the search for ${words}`);
  }
  await page.keyboard.press("Control+K");
  await page.locator("dialog").getByRole("combobox").fill("pwned");
  await page.locator("dialog").getByRole("option").first().waitFor();
  await check("the palette");
}));

test("what a model server says when it refuses", hostile("/", async (page, check) => {
  const { id } = await house.api("POST", "/conversations", { title: "Refused" });
  await within(page, `/c/${id}`);
  await page.locator("#composer").waitFor();
  for (const [n, payload] of ALL.entries()) {
    house.upstream.when(`Refuse ${n}.`, { status: 400, message: payload });
    await house.ask("POST", `/conversations/${id}/messages`, { content: `Refuse ${n}.`, stream: false, model: house.model() });
    await page.locator(".question", { hasText: `Refuse ${n}.` }).waitFor();
    await showsText(page.locator(".error-card"), payload.split("\n")[0].slice(0, 40));
    await check(short(payload));
  }
}));

test("messages between agents, and what kind they say they are", hostile("/agents/log", async (page, check) => {
  for (const payload of ALL) {
    const type = payload.replace(/\s+/g, " ").slice(0, 200).trim();
    const { message_id: id } = await house.api("POST", "/send", { from: "stranger", to: "lamp", type, text: payload, payload: { [payload]: [payload] } });
    await within(page, `/agents/log/${id}`);
    await showsText(page.locator(".bus-text"), payload);
    await showsText(page.locator(".bus-detail dd"), type);
    await page.locator(".bus-detail .code-box code").waitFor();
    await check(short(payload));
  }
  await within(page, "/agents/log");
  await showsText(page.locator(".bus-row"), LINES.at(-1).slice(0, 60));
  await check("the list");
}));

test("names of people and of tokens", hostile("/", async (page, check, context) => {
  await lock(house);
  await signedIn(house, page, context, "/settings/security");
  await page.getByRole("heading", { name: "People" }).waitFor();
  for (const payload of LINES) {
    const made = await house.ask("POST", "/users", { name: payload.slice(0, 100), role: "member" }, { cookie: house.cookie });
    const token = await house.ask("POST", "/auth/tokens", { name: payload.slice(0, 80), scopes: ["search"] }, { cookie: house.cookie });
    // A name may be refused; it is never refused with a fault of the server.
    for (const { status } of [made, token]) assert.ok(status === 201 || status === 400, `${status} for ${short(payload)}`);
  }
  const people = (await house.api("GET", "/users?limit=200")).items;
  assert.ok(people.length > 40, `${people.length} people`);
  const { cookies } = { cookies: await context.cookies() };
  assert.equal(cookies.length, 1);
  await signedIn(house, page, context, "/settings/security");
  for (const { name } of people) await showsText(page.locator(".security .list strong"), name);
  await check("the lists of people and tokens");
  const { claim } = await house.api("POST", `/users/${people.find(({ name }) => name.startsWith("<img")).id}/claim`);
  await page.goto(`${house.address}/setup#${claim}`);
  await page.getByRole("heading", { name: /^Welcome, <img/ }).waitFor();
  await check("the page of an invitation");
}, /40\d/));

test("there are as many payloads as promised", () => {
  assert.ok(new Set(ALL).size >= 40 && BLOCKS.length >= 10, `${ALL.length}`);
});
