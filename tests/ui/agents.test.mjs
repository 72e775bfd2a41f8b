// The Agents page: who is on the bus, every message as it comes, one message whole, sending.
import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, listen, say, settle, wide } from "./bus.mjs";
import { counts, shows, until, useHouse } from "./house.mjs";

const house = useHouse({ settings: { RATE_LIMIT_BUS: "0", QUEUE_MAX_PER_CLIENT: "100000" } });
const LOOKS = [360, 1280].flatMap((width) => [false, true].map((dark) => ({ width, dark })));
const rows = (page) => page.locator(".bus-list .bus-row");
const client = (page, id) => page.locator(".clients tbody tr", { hasText: id });

for (const look of LOOKS) {
  test(`an empty bus says how to begin (${look.width} px${look.dark ? ", dark" : ""})`, house.scene({ path: "/agents", height: 800, ...look }, async (page) => {
    await page.getByRole("heading", { name: "No agent is connected yet" }).waitFor();
    await page.locator(".code-box code", { hasText: `${house.address}/api/v1` }).waitFor();
    await page.locator(".hljs-string").first().waitFor();
    await page.getByRole("heading", { name: "Breakers" }).waitFor();
    assert.deepEqual(await barriers(page), []);
    assert.equal(await wide(page), "");
  }));
}

test("the sidebar and the palette lead to the agents, Back leads back", house.scene(async (page) => {
  await page.locator(".sidebar").getByRole("link", { name: "Agents" }).click();
  await page.waitForURL(/\/agents$/);
  await page.getByRole("navigation", { name: "Parts of the Agents page" }).getByRole("link", { name: "Connect" }).click();
  await page.getByRole("heading", { name: "Connect" }).waitFor();
  assert.equal(await page.title(), "Connect · Inglenook");
  await page.goBack();
  await page.getByRole("heading", { name: "No agent is connected yet" }).waitFor();
  await page.goForward();
  await page.getByRole("heading", { name: "Connect" }).waitFor();
  await page.goto(house.address);
  await page.locator("#composer").waitFor();
  await page.keyboard.press("Control+K");
  await page.keyboard.type("agents");
  await page.getByRole("option", { name: /^Agents/ }).waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/agents$/);
}));

test("a client that comes and goes is seen without a reload, and what waits for it", house.scene({ path: "/agents" }, async (page) => {
  await page.getByRole("heading", { name: "No agent is connected yet" }).waitFor();
  const leave = await listen(house, "lighthouse");
  await client(page, "lighthouse").filter({ hasText: "online" }).waitFor();
  await say(house, { from: "keeper", to: "lighthouse", text: "Lamp on" });
  await client(page, "keeper").filter({ hasText: "away" }).waitFor();
  leave();
  await client(page, "lighthouse").filter({ hasText: "away" }).waitFor();
  await say(house, { from: "keeper", to: "lighthouse", text: "Lamp off" });
  await shows(client(page, "lighthouse").locator("td.number .badge"), "1");
  await client(page, "lighthouse").getByRole("link").click();
  await page.waitForURL(/\/agents\/clients\/lighthouse$/);
  await page.getByText("1 message waits for it").waitFor();
  await rows(page).filter({ hasText: "Lamp off" }).filter({ hasText: "Waiting" }).waitFor();
  await rows(page).filter({ hasText: "Lamp on" }).filter({ hasText: "Delivered" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { name: "lighthouse" }).waitFor();
  await page.getByRole("button", { name: "From it" }).click();
  await page.getByText("It has not sent anything.").waitFor();
  await page.getByRole("link", { name: "All clients" }).click();
  await client(page, "keeper").waitFor();
}));

test("messages appear as they are sent, are narrowed, and an old one is reached", house.scene({ path: "/agents/log" }, async (page) => {
  const many = Array.from({ length: 250 }, (_, n) => ({ from: "gull", to: "mole", type: n % 2 ? "odd" : "even", text: `Call ${n}` }));
  await house.api("POST", "/send/batch", { messages: many });
  await rows(page).filter({ hasText: "Call 249" }).waitFor();
  assert.ok((await rows(page).count()) < 80, "only what is seen is drawn");
  await say(house, { from: "mole", to: "gull", text: "Enough!" });
  await shows(rows(page).first().locator(".bus-words"), "Enough!");
  const list = page.locator(".bus-list");
  await until(async () => {
    await list.evaluate((box) => (box.scrollTop = box.scrollHeight));
    return (await rows(page).filter({ hasText: /^.*Lamp on$/ }).count()) > 0 || "the first message is not there";
  });
  await say(house, { from: "mole", to: "gull", text: "Still there?" });
  await page.getByRole("button", { name: "New messages" }).click();
  await shows(rows(page).first().locator(".bus-words"), "Still there?");
  await page.getByRole("searchbox", { name: "From" }).or(page.getByRole("combobox", { name: "From" })).fill("mole");
  await counts(rows(page), 2);
  await page.waitForURL(/from=mole/);
  await page.reload();
  await counts(rows(page), 2);
  await say(house, { from: "gull", to: "mole", text: "Not shown here" });
  await say(house, { from: "mole", to: "gull", text: "Shown here" });
  await counts(rows(page), 3);
  await page.goto(`${house.address}/agents/log?type=odd&text=Call+17`);
  // 17, and those that begin so.
  await counts(rows(page), 6);
  await page.goto(`${house.address}/agents/log?to=nobody`);
  await page.getByText("No message fits.").waitFor();
  await page.getByRole("button", { name: "Show all" }).click();
  await rows(page).filter({ hasText: "Shown here" }).first().waitFor();
}));

test("news are fetched at most four times a second", house.scene({ path: "/agents/log" }, async (page) => {
  await rows(page).first().waitFor();
  let asked = 0;
  page.on("request", (request) => /\/api\/v1\/(messages|clients|search)/.test(request.url()) && (asked += 1));
  const start = Date.now();
  for (let n = 0; Date.now() - start < 2000; n += 1) await say(house, { from: "gull", to: "mole", text: `Wave ${n}` });
  await say(house, { from: "gull", to: "mole", text: "The last wave" });
  await rows(page).filter({ hasText: "The last wave" }).waitFor();
  // Over the whole time: when one of them was seen here says little about when the page sent it. Two more: the page may
  // still have been fetching what it begins with.
  const most = 3 + Math.ceil((Date.now() - start) / 250);
  assert.ok(asked > 2 && asked <= most, `${asked} fetches where at most ${most} are allowed`);
}));

test("a message is read whole, by keyboard, with its deliveries and its thread", house.scene({ path: "/agents/log", allow: /404/ }, async (page) => {
  const first = await say(house, { from: "mole", to: ["gull", "wren"], type: "question", payload: { text: "What is for dinner?", guests: 3 }, require_ack: true });
  await say(house, { from: "gull", to: "mole", type: "answer", text: "Fish, as ever.", reply_to: first.message_id });
  await rows(page).filter({ hasText: "Fish, as ever." }).focus();
  await page.keyboard.press("ArrowDown");
  await until(async () => (await page.evaluate(() => document.activeElement.textContent)).includes("What is for dinner?") || "the arrow did not walk");
  await page.keyboard.press("Enter");
  await page.waitForURL(new RegExp(`/agents/log/${first.message_id}`));
  const detail = page.getByRole("region", { name: "Message", exact: true });
  await detail.locator(".code-box code", { hasText: '"guests": 3' }).waitFor();
  await detail.getByRole("row", { name: /gull/ }).filter({ hasText: "Waiting" }).waitFor();
  await detail.getByRole("row", { name: /wren/ }).filter({ hasText: "Waiting" }).waitFor();
  await house.api("POST", `/messages/${first.message_id}/ack`, { client_id: "gull" });
  await detail.getByRole("row", { name: /gull/ }).filter({ hasText: "Acknowledged" }).waitFor();
  await counts(detail.locator(".bus-thread li"), 2);
  assert.deepEqual(await barriers(page), []);
  await page.reload();
  await detail.getByText("Thread of 2 messages").waitFor();
  await detail.locator(".bus-thread a", { hasText: "Fish, as ever." }).click();
  await detail.getByText("Answers", { exact: true }).waitFor();
  await detail.getByRole("link", { name: "Reply" }).click();
  await page.waitForURL(/\/agents\/send\?/);
  assert.equal(await page.getByRole("textbox", { name: /^To/ }).or(page.getByRole("combobox", { name: /^To/ })).inputValue(), "gull");
  await page.goBack();
  await page.goBack();
  await detail.getByRole("link", { name: "Back to the list" }).click();
  await page.waitForURL(/\/agents\/log$/);
  await page.goto(`${house.address}/agents/log/bus_${"0".repeat(32)}`);
  await page.getByText("This message is not here.").waitFor();
}));

test("a message is written by hand, as text and as JSON, and what is wrong with it is said", house.scene({ path: "/agents/send", allow: /\b(400|404|422)\b/ }, async (page) => {
  const to = page.locator("input[name=to]");
  await page.locator("input[name=from]").fill("tester");
  await to.fill("wren");
  await page.getByRole("textbox", { name: "Text" }).fill("Are you there?");
  await page.getByRole("checkbox", { name: /Ask for an acknowledgement/ }).check();
  await page.keyboard.press("Control+Enter");
  await page.locator(".send-result", { hasText: "wren" }).waitFor();
  await page.getByRole("radio", { name: "JSON" }).check();
  await page.getByRole("textbox", { name: "Payload" }).fill('{"depth": 12');
  await page.getByRole("button", { name: "Send", exact: true }).click();
  await page.getByRole("alert").filter({ hasText: "This is no JSON" }).waitFor();
  await page.getByRole("textbox", { name: "Payload" }).fill('{"depth": 12}');
  await page.getByText("Type, priority, thread and more").click();
  await page.getByLabel("Priority").selectOption("1");
  await to.fill("stranger, wren");
  await page.keyboard.press("Enter");
  await page.locator(".send-result", { hasText: "never seen" }).waitFor();
  await page.getByRole("checkbox", { name: /Only to those who were seen/ }).check();
  await to.fill("another-stranger");
  await page.keyboard.press("Enter");
  await page.getByRole("alert").filter({ hasText: "another-stranger" }).waitFor();
  const { messages } = await house.api("GET", "/messages?from=tester");
  assert.deepEqual(messages.map(({ to: whom, payload, requires_ack }) => [whom, payload, requires_ack]), [["wren", { text: "Are you there?" }, true], [["stranger", "wren"], { depth: 12 }, true]]);
}));

test("everything said can be deleted, once one is sure", house.scene({ path: "/agents/log" }, async (page) => {
  await rows(page).first().waitFor();
  await page.getByRole("button", { name: "More about the messages" }).click();
  assert.equal(await page.getByRole("menuitem", { name: /Download all/ }).getAttribute("href"), "/api/v1/messages/export");
  await page.getByRole("menuitem", { name: "Delete all messages" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Delete all messages" }).click();
  await page.getByText("No messages yet.").waitFor();
}));
