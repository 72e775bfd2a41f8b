// Too many requests, ours or a provider's: until when is said as a time of day, and when it is over.
import assert from "node:assert/strict";
import { test } from "node:test";
import { answers, ask, shows, until, useHouse } from "./house.mjs";

const house = useHouse();
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
  const refusal = { error: "30 requests a minute is the limit here; try again in 40 s", code: "rate_limited", status: 429, retry_after: 40 };
  await page.route("**/api/v1/conversations", (route) => (route.request().method() === "POST" ? route.fulfill({ status: 429, json: refusal }) : route.continue()));
  const before = await page.evaluate(() => Date.now());
  await ask(page, "Once more");
  const toast = page.locator(".toast", { hasText: TIME });
  await toast.waitFor();
  const [said, from, to] = [await toast.innerText(), before + 40_000, (await page.evaluate(() => Date.now())) + 40_000];
  const times = await page.evaluate(([first, last]) => Array.from({ length: Math.ceil((last - first) / 1000) + 2 }, (_, n) => new Date(first + n * 1000).toLocaleTimeString("en-GB")), [from, to]);
  assert.ok(times.some((time) => said.includes(time)), `${said} ${times}`);
  await until(async () => (await page.locator("#composer").inputValue()) === "Once more" || "the question is gone");
}));
