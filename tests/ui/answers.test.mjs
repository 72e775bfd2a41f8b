// Answers while they are written: streamed, reloaded, stopped, watched from two tabs, failed.
import assert from "node:assert/strict";
import { test } from "node:test";
import { answers, ask, counts, questions, shows, until, useHouse } from "./house.mjs";

const house = useHouse();
const words = (from, to, word) => Array.from({ length: to - from }, (_, n) => `${word}${from + n} `);
const text = (pieces) => pieces.join("").trim();

test("an answer appears as it is written, and a reload in the middle loses and repeats nothing", house.scene(async (page) => {
  const pieces = words(1, 60, "word");
  house.upstream.when("Count for me", { pieces, hold: 30 });
  await ask(page, "Count for me");
  await shows(answers(page), text(pieces.slice(0, 30)));
  await page.getByRole("button", { name: "Stop" }).waitFor();
  await page.locator(".chat-row .spinner").waitFor();
  await page.reload();
  await shows(answers(page), text(pieces.slice(0, 30)));
  await shows(questions(page), "Count for me");
  house.upstream.release();
  await shows(answers(page), text(pieces));
  await counts(page.getByRole("button", { name: "Stop" }), 0);
  await page.reload();
  await shows(answers(page), text(pieces));
}));

test("reasoning is folded, with its duration", house.scene(async (page) => {
  house.upstream.when("Think first", { reasoning: ["Perhaps ", "so."], pieces: ["It is so."] });
  await ask(page, "Think first");
  await shows(answers(page).last(), "It is so.");
  const fold = page.locator(".answer details");
  await fold.waitFor();
  assert.equal(await fold.evaluate((element) => element.open), false);
  await fold.locator("summary").click();
  await page.getByText("Perhaps so.").waitFor();
}));

test("Stop keeps what came, works after a reload, and the answer can be continued", house.scene(async (page) => {
  house.upstream.when("Tell a tale", { pieces: words(1, 40, "tale"), hold: 10, times: 1 });
  await ask(page, "Tell a tale");
  await shows(answers(page), text(words(1, 11, "tale")));
  await page.reload();
  await page.getByRole("button", { name: "Stop" }).click();
  await page.getByText("You stopped this answer.").waitFor();
  await shows(answers(page), text(words(1, 11, "tale")));
  await page.getByRole("button", { name: "Continue" }).waitFor();
  house.upstream.when("", { pieces: ["and ", "the end."], times: 1 });
  await page.getByRole("button", { name: "Continue" }).click();
  await until(async () => (await answers(page).innerText()).endsWith("and the end.") || answers(page).innerText());
  assert.ok((await answers(page).innerText()).startsWith("tale1 tale2 "));
  await counts(page.getByText("You stopped this answer."), 0);
}));

test("Escape stops an answer", house.scene(async (page) => {
  house.upstream.when("Go on forever", { pieces: words(1, 40, "on"), hold: 5 });
  await ask(page, "Go on forever");
  await shows(answers(page), text(words(1, 6, "on")));
  await page.keyboard.press("Escape");
  await page.getByText("You stopped this answer.").waitFor();
}));

test("a second tab shows the same words at once, and stops the answer of the first", house.scene(async (first, context) => {
  house.upstream.when("Both of us", { pieces: words(1, 40, "both"), hold: 12 });
  await first.locator(".chat-list, .sidebar-chats").first().waitFor();
  const second = await context.newPage();
  await second.goto(house.address);
  await ask(first, "Both of us");
  await first.waitForURL(/\/c\/conv_/);
  await second.locator(".chat-row", { hasText: "Both of us" }).locator("a").click();
  await shows(answers(second), text(words(1, 13, "both")));
  await shows(answers(first), text(words(1, 13, "both")));
  await second.getByRole("button", { name: "Stop" }).click();
  await first.getByText("You stopped this answer.").waitFor();
  await ask(first, "And now?");
  await shows(answers(second).last(), "You asked: And now?");
  await first.locator(".chat-row", { hasText: "Both of us" }).locator("a").dblclick();
  await first.getByRole("textbox", { name: "Rename" }).fill("Ours");
  await first.keyboard.press("Enter");
  await second.locator(".chat-row", { hasText: "Ours" }).waitFor();
}));

test("switching chats stops nothing, and a dot shows when the answer is done", house.scene(async (page) => {
  house.upstream.when("Work alone", { pieces: words(1, 20, "alone"), hold: 5 });
  await ask(page, "Work alone");
  await shows(answers(page), text(words(1, 6, "alone")));
  await page.keyboard.press("Control+Shift+O");
  await page.waitForURL(`${house.address}/`);
  house.upstream.release();
  const row = page.locator(".chat-row", { hasText: "Work alone" });
  await row.getByRole("img", { name: "New answer" }).waitFor();
  await row.locator("a").click();
  await shows(answers(page), text(words(1, 20, "alone")));
  await counts(row.getByRole("img", { name: "New answer" }), 0);
}));

test("a question asked meanwhile waits for its turn", house.scene(async (page) => {
  house.upstream.when("Slow one", { pieces: ["slow ", "answer"], hold: 1 });
  await ask(page, "Slow one");
  await shows(answers(page), "slow");
  await ask(page, "Next one");
  await page.locator(".queued", { hasText: "Next one" }).waitFor();
  house.upstream.release();
  await shows(answers(page).last(), "You asked: Next one");
  await counts(page.locator(".queued"), 0);
}));

test("a question that is taken out of the queue is put back whole, at its place", house.scene(async (page) => {
  const asked = [];
  page.on("request", (request) => request.method() === "POST" && /\/messages$/.test(request.url()) && asked.push(request.postDataJSON()));
  house.upstream.when("Slowly now", { pieces: ["slow ", "words"], hold: 1 });
  await ask(page, "Slowly now");
  await shows(answers(page), "slow");
  await page.locator("input[type=file]").setInputFiles({ name: "list.txt", mimeType: "text/plain", buffer: Buffer.from("bread") });
  await page.locator(".composer .attachment", { hasText: "list.txt" }).waitFor();
  await ask(page, "First in the queue");
  await ask(page, "Second in the queue");
  const queued = page.locator(".queued .bubble");
  await counts(queued, 2);
  await page.locator("#composer").fill("half a thought");
  await until(() => page.evaluate(() => JSON.stringify({ ...localStorage }).includes("half a thought")));
  const undo = page.locator(".toast", { hasText: "Question taken out" }).getByRole("button", { name: "Undo" });
  await page.locator(".queued").first().getByRole("button", { name: "Take out" }).click();
  await shows(queued, "Second in the queue");
  await undo.click();
  await shows(queued.first(), "First in the queue");
  await counts(queued, 2);
  assert.equal(await page.locator("#composer").inputValue(), "half a thought");
  // Into an empty field its words return, and leave it again.
  await page.locator("#composer").fill("");
  await until(() => page.evaluate(() => !JSON.stringify({ ...localStorage }).includes("half a thought")));
  await page.locator(".queued").last().getByRole("button", { name: "Take out" }).click();
  await until(async () => (await page.locator("#composer").inputValue()) === "Second in the queue" || "its words are not there");
  await undo.click();
  await until(async () => (await page.locator("#composer").inputValue()) === "" || "its words are still there");
  house.upstream.release();
  await shows(answers(page).last(), "You asked: Second in the queue");
  assert.deepEqual(asked.map(({ content, attachments }) => [content, attachments?.[0].name]), [["Slowly now", undefined], ["First in the queue", "list.txt"], ["Second in the queue", undefined]]);
}));

test("a failed answer tells the cause, and Try again helps once the server is well", house.scene(async (page) => {
  house.upstream.when("Break please", { status: 400, message: "the stove is cold", times: 1 });
  await ask(page, "Break please");
  const card = page.locator(".error-card");
  await card.getByText("the stove is cold").waitFor();
  await card.getByRole("button", { name: "Use another model…" }).waitFor();
  await card.getByRole("button", { name: "Try again" }).click();
  await shows(answers(page).last(), "You asked: Break please");
  await counts(card, 0);
}));

test("a server that fails is told from a wrong key", house.scene(async (page) => {
  house.upstream.when("Fail hard", { status: 500, times: 1 });
  await ask(page, "Fail hard");
  await page.locator(".error-card").waitFor();
  await page.getByRole("button", { name: "Try again" }).click();
  await shows(answers(page).last(), "You asked: Fail hard");
  house.upstream.key = "sk-new";
  await ask(page, "Wrong key now");
  await page.locator(".error-card", { hasText: "did not accept the API key" }).waitFor();
  house.upstream.key = null;
}));

test("an answer that breaks off keeps its words and offers to continue", house.scene(async (page) => {
  house.upstream.when("Snap", { pieces: ["half ", "an "], cut: true, times: 1 });
  await ask(page, "Snap");
  await page.locator(".error-card").getByRole("button", { name: "Continue" }).waitFor();
  await shows(answers(page), "half an");
}));

test("a lost server shows a calm line, and everything goes on when it is back", house.scene({ allow: /ERR_CONNECTION|ERR_INCOMPLETE|Failed to load/ }, async (page, context) => {
  await ask(page, "Before the break");
  await shows(answers(page), "You asked: Before the break");
  await house.restart(async () => {
    await page.locator(".status-line").waitFor();
    await page.locator("#composer").fill("typed meanwhile");
  });
  await counts(page.locator(".status-line"), 0);
  await page.keyboard.press("Enter");
  await shows(answers(page).last(), "You asked: typed meanwhile");
}));
