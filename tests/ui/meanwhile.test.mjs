// What happens while a list is fetched is in the list, although the answer is older.
import assert from "node:assert/strict";
import { test } from "node:test";
import { answers, ask, counts, questions, shows, until, useHouse } from "./house.mjs";

const house = useHouse();
const FEED = /\/api\/v1\/events/;
const row = (page, text) => page.locator(".chat-row", { hasText: text });

/**
 * Holds an answer of an address back: `made` when it is there, `go` lets it go to the page. The second is the one to
 * what a page asks once more when its feed opens, which therefore waits for the first.
 */
async function hold(page, address, nth = 1) {
  const signal = () => {
    let give;
    return { given: new Promise((resolve) => (give = resolve)), give };
  };
  const [made, free, gone] = [signal(), signal(), signal()];
  if (nth === 2) {
    // A feed that tabs share is asked for by none of them.
    await page.addInitScript(() => Reflect.deleteProperty(globalThis, "SharedWorker"));
    const first = page.waitForResponse(address);
    await page.route(FEED, (route) => first.then(() => route.continue()));
  }
  let seen = 0;
  const answer = async (route) => {
    if (++seen !== nth) return route.continue();
    const response = await route.fetch();
    made.give();
    await free.given;
    await route.fulfill({ response });
    gone.give();
  };
  await page.route(address, answer);
  const go = () => {
    free.give();
    return gone.given;
  };
  return { made: made.given, go };
}

test("a note that is kept while the notes are fetched is listed", house.scene(async (page) => {
  await house.api("POST", "/notes", { text: "Kept before" });
  const { made, go } = await hold(page, /\/api\/v1\/notes\?/);
  await page.goto(`${house.address}/settings/memory`);
  await made;
  await house.api("POST", "/notes", { text: "Kept meanwhile" });
  // The page hears of it before it hears of this.
  await house.api("POST", "/conversations", { title: "Told later" });
  await row(page, "Told later").waitFor();
  await go();
  await counts(page.locator(".note-text", { hasText: "Kept before" }), 1);
  await counts(page.locator(".note-text", { hasText: "Kept meanwhile" }), 1);
}));

test("an answer that comes after that to a later question changes nothing", house.scene(async (page) => {
  await house.api("POST", "/notes", { text: "Kept at first" });
  await page.addInitScript(() => Reflect.deleteProperty(globalThis, "SharedWorker"));
  let open = () => {};
  const opened = new Promise((give) => (open = give));
  await page.route(FEED, (route) => opened.then(() => route.continue()));
  const { made, go } = await hold(page, /\/api\/v1\/notes\?/);
  // A page counts as loaded when its feed has answered.
  await page.goto(`${house.address}/settings/memory`, { waitUntil: "commit" });
  await made;
  await house.api("POST", "/notes", { text: "Kept before the feed" });
  open();
  // The feed opens, and the page asks once more.
  await page.locator(".note-text", { hasText: "Kept before the feed" }).waitFor();
  await go();
  await house.api("POST", "/conversations", { title: "Told after that" });
  await row(page, "Told after that").waitFor();
  await counts(page.locator(".note-text", { hasText: "Kept at first" }), 1);
  await counts(page.locator(".note-text", { hasText: "Kept before the feed" }), 1);
}));

test("a chat that begins while the list of chats is fetched is listed", house.scene(async (page) => {
  await house.api("POST", "/conversations", { title: "There before" });
  await row(page, "There before").waitFor();
  const { made, go } = await hold(page, /\/api\/v1\/conversations\?/);
  await page.goto(`${house.address}/settings/memory`);
  await made;
  await house.api("POST", "/conversations", { title: "There meanwhile" });
  // The page hears of it before it hears of this.
  await house.api("POST", "/notes", { text: "Told later" });
  await page.locator(".note-text", { hasText: "Told later" }).waitFor();
  await counts(row(page, "There meanwhile"), 0);
  await go();
  await counts(row(page, "There before"), 1);
  await counts(row(page, "There meanwhile"), 1);
}));

test("a document that is added while the library is fetched is listed", house.scene(async (page) => {
  const named = (name) => page.locator(".document-row", { hasText: name });
  await house.document("before.txt", "There before.");
  const { made, go } = await hold(page, /\/api\/v1\/documents\?.*limit=100/, 2);
  await page.goto(`${house.address}/library`);
  await made;
  await house.document("meanwhile.txt", "There meanwhile.");
  // The page hears of it before it hears of this.
  await house.api("POST", "/conversations", { title: "Told at last" });
  await row(page, "Told at last").waitFor();
  await go();
  await counts(named("before.txt"), 1);
  await counts(named("meanwhile.txt"), 1);
}));

for (const nth of [1, 2]) {
  test(`a question that is asked while the messages are fetched stays, time ${nth}`, house.scene(async (page) => {
    const { id } = await house.api("POST", "/conversations", { title: `Asked, time ${nth}` });
    const put = (content) => house.api("POST", `/conversations/${id}/messages`, { content, stream: false, model: house.model() });
    const { made, go } = await hold(page, /\/messages\?/, nth);
    await page.goto(`${house.address}/c/${id}`);
    await made;
    await put("Asked meanwhile");
    await page.locator(".question", { hasText: "Asked meanwhile" }).waitFor();
    await go();
    await put("Asked later");
    await page.locator(".question", { hasText: "Asked later" }).waitFor();
    await counts(page.locator(".question", { hasText: "Asked meanwhile" }), 1);
    await counts(page.locator(".answer"), 2);
  }));
}

test("a question sent before the server has answered to the one before goes after it", house.scene(async (page) => {
  const { id } = await house.api("POST", "/conversations", { title: "Quick" });
  await page.goto(`${house.address}/c/${id}`);
  const { made, go } = await hold(page, /\/messages$/);
  await ask(page, "The first thought");
  await made;
  await ask(page, "The second thought");
  await go();
  await questions(page).filter({ hasText: "The second thought" }).waitFor();
  assert.deepEqual(await questions(page).allInnerTexts(), ["The first thought", "The second thought"]);
  await counts(answers(page), 2);
}));

test("a question that is refused stands before what was written meanwhile, and neither goes by itself", house.scene({ allow: /422/ }, async (page) => {
  const { id } = await house.api("POST", "/conversations", { title: "Refused" });
  await page.goto(`${house.address}/c/${id}`);
  let refuse = () => {};
  const refused = new Promise((give) => (refuse = give));
  await page.route(/\/messages$/, async (route) => {
    await refused;
    await route.fulfill({ status: 422, json: { error: "Not today.", code: "invalid_input" } });
  });
  await ask(page, "The first thought");
  await shows(page.locator("#composer"), "");
  await ask(page, "The second thought");
  refuse();
  await page.getByText("Not today.").waitFor();
  await until(async () => (await page.locator("#composer").inputValue()) === "The first thought\n\nThe second thought" || "they are not both there");
  await counts(questions(page), 0);
  await page.reload();
  await until(async () => (await page.locator("#composer").inputValue()) === "The first thought\n\nThe second thought" || "they are not kept");
}));

test("what is typed behind the first question of a chat is there when the chat opens", house.scene(async (page) => {
  const { made, go } = await hold(page, /\/messages$/);
  await ask(page, "How it begins");
  await made;
  await page.locator("#composer").fill("And how it goes on");
  await go();
  await questions(page).filter({ hasText: "How it begins" }).waitFor();
  await until(async () => (await page.locator("#composer").inputValue()) === "And how it goes on" || "it is not there");
  await page.keyboard.press("Control+Shift+O");
  await until(async () => (await page.locator("#composer").inputValue()) === "" || "it stayed behind as well");
}));
