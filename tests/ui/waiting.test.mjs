// Too many requests, ours or a provider's: until when is said as a time of day, and when it is over.
import assert from "node:assert/strict";
import { test } from "node:test";
import { answers, ask, shows, until, useHouse } from "./house.mjs";

const house = useHouse({ settings: { RATE_LIMIT_CHAT: "2" } });
const card = (page) => page.locator(".error-card");
const TIME = /[Aa]gain at \d{1,2}:\d{2}:\d{2}/;

/** Seconds of the day at the clock of a text. */
const clock = (text) => text.match(/(\d{1,2}):(\d{2}):(\d{2})/).slice(1).reduce((sum, part) => sum * 60 + Number(part), 0);

test("a provider's limit says until when, also after a reload, and when the wait is over", house.scene(async (page) => {
  await page.clock.install();
  await page.reload();
  house.upstream.when("Hurry up", { status: 429, message: "slow down", wait: 40, times: 1 });
  const { items } = await house.api("GET", "/conversations");
  assert.deepEqual(items, []);
  await ask(page, "Hurry up");
  const line = card(page).locator("p", { hasText: TIME });
  await line.waitFor();
  const said = await line.innerText();
  const id = page.url().split("/c/")[1];
  const { items: messages } = await house.api("GET", `/conversations/${id}/messages`);
  const { timestamp, retry_after: seconds } = messages[1].error;
  assert.equal(seconds, 40);
  const wanted = await page.evaluate((at) => new Date(at).toLocaleTimeString("en-GB"), Date.parse(timestamp) + 40_000);
  assert.equal(clock(said), clock(wanted));
  await page.reload();
  await shows(line, said);
  await page.clock.fastForward(60_000);
  await card(page).getByText("The wait is over: try again.").waitFor();
  await card(page).getByRole("button", { name: "Try again" }).click();
  await shows(answers(page), "You asked: Hurry up");
}));

test("our own limit says until when, and the question stays", house.scene({ allow: /429/ }, async (page) => {
  const field = page.locator("#composer");
  await until(async () => {
    await ask(page, "Once more");
    const toast = await page.locator(".toast", { hasText: TIME }).count();
    return toast > 0 || "not refused yet";
  });
  await until(async () => (await field.inputValue()) === "Once more" || field.inputValue());
}));
