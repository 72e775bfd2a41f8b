// The bus past the page, and what the tests of the Agents page ask of every part of it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { counts } from "./house.mjs";

const axe = readFileSync(join(import.meta.dirname, "node_modules/axe-core/axe.min.js"), "utf8");

/** Sends a message. */
export const say = (house, message) => house.api("POST", "/send", message);

/** Connects a client by the stream; answers the way to leave. */
export async function listen(house, client) {
  const control = new AbortController();
  const response = await fetch(`${house.address}/api/v1/subscribe?client=${client}`, { signal: control.signal });
  if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
  response.text().catch(() => {});
  return () => control.abort();
}

/** Waits until a part has what it fetches. */
export async function settle(page) {
  await page.locator(".agents :is(h2, h3)").first().waitFor({ state: "attached" });
  await counts(page.locator("main .spinner"), 0);
}

/** What axe finds on the page as it is now. */
export async function barriers(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return violations.map(({ id, nodes }) => `${id} ${nodes.slice(0, 2).map((node) => `${node.html.slice(0, 140)} (${node.any[0]?.message ?? ""})`).join("; ")}`);
}

/** What is wider than the window; nothing when all is well. */
export const wide = (page) =>
  page.evaluate(() => {
    const boxes = [document.documentElement, ...document.querySelectorAll("main, .agents-body, .bus-detail, .bus-list")];
    if (boxes.every((box) => box.scrollWidth <= box.clientWidth)) return "";
    return [...document.querySelectorAll("main *")].filter((node) => node.getBoundingClientRect().right > innerWidth + 1).slice(0, 3).map((node) => node.outerHTML.slice(0, 90)).join(" ") || "something is wide";
  });
