// What the first page costs from a cold cache, and whom it asks.
import assert from "node:assert/strict";
import { test } from "node:test";
import { counts, useHouse } from "./house.mjs";

const house = useHouse();
const MOST_BYTES = 150_000;
const MOST_REQUESTS = 12;

test("the first page is light, and asks no other host", house.scene({ path: "/health/live" }, async (page, context) => {
  await house.chat("Something said before");
  const cdp = await context.newCDPSession(page);
  await cdp.send("Network.enable");
  await cdp.send("Network.setCacheDisabled", { cacheDisabled: true });
  const asked = [];
  let bytes = 0;
  const begun = [];
  cdp.on("Network.requestWillBeSent", ({ request, wallTime }) => {
    asked.push(request.url);
    begun.push(wallTime * 1000);
  });
  cdp.on("Network.loadingFinished", ({ encodedDataLength }) => (bytes += encodedDataLength));
  // The page notes itself when the field is there: whoever asks from outside hears of it later.
  await page.addInitScript(() => {
    const watch = new MutationObserver(() => {
      if (!document.querySelector("#composer")) return;
      globalThis.typableAt = performance.timeOrigin + performance.now();
      watch.disconnect();
    });
    watch.observe(document, { childList: true, subtree: true });
  });
  await page.goto(house.address, { waitUntil: "commit" });
  await page.locator("#composer").pressSequentially("a");
  const typableAt = await page.evaluate(() => globalThis.typableAt);
  const requestsThen = asked.filter((_, at) => begun[at] <= typableAt);
  const ms = await page.evaluate(() => Math.round(performance.getEntriesByName("first-contentful-paint")[0]?.startTime ?? performance.now()));
  await page.locator(".chat-row").first().waitFor();
  await counts(page.locator(".chat-row"), 1);
  const bundled = await page.locator('script[src^="/app.js?v="]').count();
  console.error(`${bundled ? "release" : "debug"} page: ${requestsThen.length} requests until one can type, first paint after ${ms} ms; ${bytes} bytes in ${asked.length} in all`);
  for (const url of asked) assert.ok(url.startsWith(house.address) || /^(data|blob):/.test(url), `asked ${url}`);
  const data = asked.filter((url) => url.includes("/api/"));
  assert.deepEqual(data, [...new Set(data)], "nothing is fetched twice");
  if (!bundled) return;
  assert.ok(requestsThen.length <= MOST_REQUESTS, requestsThen.join(" "));
  assert.ok(bytes <= MOST_BYTES, `${bytes} bytes`);
}));
