// Temporary chats: their sources, what would lead away from them, and what helps when an answer fails or breaks off.
import assert from "node:assert/strict";
import { test } from "node:test";
import { answers, ask, counts, questions, shows, until, useHouse } from "./house.mjs";

const KEEPING = "# Lichens\n\nThe orange lichen on the harbour wall grows two millimetres a year.\n";
const house = useHouse({ prepare: async (ready) => void (ready.lichens = await ready.document("Lichens", KEEPING)) });
const LOST = /ERR_CONNECTION|ERR_INCOMPLETE|Failed to load/;

test("a temporary chat shows its sources, passages and documents, and what leaves it opens beside it", house.scene({ path: "/temporary" }, async (page, context) => {
  house.upstream.when("orange lichen", { pieces: ["It grows two millimetres a year [1]."] });
  await ask(page, "How fast does the orange lichen on the harbour wall grow?");
  const cite = page.locator(".answer .cite").first();
  await cite.hover();
  await page.locator(".cite-card", { hasText: "harbour wall" }).waitFor();
  await cite.click();
  const panel = page.locator(".side-panel");
  await until(async () => (await panel.locator("mark.passage").allInnerTexts()).join(" ").includes("two millimetres a year") || "the passage is not marked");
  await panel.getByRole("button", { name: "All sources" }).click();
  await panel.locator(".source", { hasText: "Lichens" }).first().getByRole("button", { name: "Show the passage" }).click();
  const [library] = await Promise.all([context.waitForEvent("page"), panel.getByRole("link", { name: "Open in the library" }).click()]);
  await library.locator("mark.passage").first().waitFor();
  await library.close();
  await shows(answers(page), "It grows two millimetres a year 1.");
  await page.getByRole("button", { name: "Start over" }).click();
  await counts(panel, 0);
}));

test("a citation of what was said elsewhere leaves the temporary chat as it is", house.scene(async (page, context) => {
  const id = await house.chat("Where does the schooner lie?", ["The schooner lies at the north quay."]);
  await page.goto(`${house.address}/temporary`);
  house.upstream.when("schooner moored", { pieces: ["At the quay [1]."] });
  await page.route("**/api/v1/turns/*/events*", async (route) => {
    const response = await route.fetch();
    const source = { n: 1, kind: "message", title: "Quay", text: "The schooner lies at the north quay.", conversation_id: id };
    const events = (await response.text()).split("\n\n").filter((event) => !event.includes("event: sources"));
    const said = events.map((event) => event.replace('"sources":[]', `"sources":${JSON.stringify([source])}`));
    await route.fulfill({ response, body: said.join("\n\n") });
  });
  await ask(page, "Where is the schooner moored?");
  const [other] = await Promise.all([context.waitForEvent("page"), page.locator(".answer .cite").first().click()]);
  await other.waitForURL(new RegExp(`/c/${id}`));
  await shows(questions(page), "Where is the schooner moored?");
}));

test("the panel of one chat does not stand beside another", house.scene(async (page) => {
  house.upstream.when("lichen again", { pieces: ["Two millimetres [1]."] });
  await ask(page, "The orange lichen again?");
  await page.locator(".answer").getByRole("button", { name: /source/ }).click();
  await page.locator(".side-panel .source").first().waitFor();
  await page.locator('a[href="/library"]').first().click();
  await page.waitForURL(/\/library$/);
  await page.keyboard.press("Control+Shift+O");
  await page.locator("#composer").waitFor();
  await counts(page.locator(".side-panel"), 0);
  await page.getByRole("button", { name: "Chat settings" }).click();
  await page.locator(".side-panel").waitFor();
  await page.keyboard.press("Control+Shift+Y");
  await page.getByText("Nothing of this chat is written down.").waitFor();
  await counts(page.locator(".side-panel"), 0);
}));

test("a temporary answer whose server restarts keeps its words, and can be asked for again", house.scene({ path: "/temporary", allow: LOST }, async (page) => {
  house.upstream.when("Count for us", { pieces: ["one ", "two ", "three"], hold: 2, times: 1 });
  await ask(page, "Count for us");
  await shows(answers(page), "one two");
  house.server.kill("SIGKILL");
  await house.restart(() => {});
  const card = page.locator(".error-card", { hasText: "The answer broke off." });
  await card.waitFor();
  await shows(answers(page), "one two");
  await counts(page.getByRole("button", { name: "Stop" }), 0);
  await card.getByRole("button", { name: "Try again" }).click();
  await shows(answers(page), "You asked: Count for us");
  await counts(answers(page), 1);
}));

test("a temporary answer that failed is asked for again, also of another model", house.scene({ path: "/temporary" }, async (page) => {
  house.upstream.when("Break please", { status: 400, message: "the stove is cold", times: 2 });
  await ask(page, "Break please");
  const card = page.locator(".error-card", { hasText: "the stove is cold" });
  await card.getByRole("button", { name: "Try again" }).click();
  await until(async () => house.upstream.asked.filter(({ question }) => question === "Break please").length === 2 || "not asked again");
  await card.getByRole("button", { name: "Use another model…" }).click();
  await page.locator(".model-choice", { hasText: "other-chat" }).click();
  await shows(answers(page), "You asked: Break please");
  await counts(card, 0);
  assert.equal(house.upstream.asked.at(-1).body.model, "other-chat");
  assert.equal(house.upstream.asked.at(-1).body.messages.filter(({ content }) => content === "Break please").length, 1);
}));
