// The pages that there are, something to see on them, and the way to each.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { counts } from "./house.mjs";

const DIAGRAM = "\n\n```mermaid\nflowchart LR\n  Harbour --> Sea\n```\n";
const ANSWER = (readFileSync(join(import.meta.dirname, "answer.md"), "utf8") + DIAGRAM).match(/[^]{1,40}/g);
export const SECTIONS = ["models", "memory", "configuration", "appearance", "shortcuts", "security", "logs", "about"];

/** The id of a chat whose answer has everything that can be drawn. */
export let chat = "";

/** The id of a document with headings and a passage. */
let document = "";

/** The id of a message of the bus. */
let said = "";

/** Two chats, a few documents and a message between agents to look at. */
export async function prepare(house) {
  document = await house.document("Harbour guide.md", `# Harbour guide\n\n${Array.from({ length: 12 }, (_, n) => `## Pier ${n + 1}\n\nEverything about pier ${n + 1}, its lamps and its gulls.\n`).join("\n")}`);
  await house.document("Nothing much.txt", "Only a line.");
  await house.api("POST", "/collections", { name: "Papers" });
  await house.api("POST", "/notes", { text: "The ferry leaves at nine" });
  said = (await house.api("POST", "/send", { from: "keeper", to: "lamp", text: "Light up at dusk" })).message_id;
  chat = await house.chat("Show me everything you can draw", ANSWER);
  await house.chat("Another one");
}

const LIBRARY = () => ["/library", "/library?view=folders", "/library?view=trash", "/library?q=nothing+fits+this", `/library/${document}?from=30&to=60`];

const AGENTS = () => ["/agents", "/agents/clients/lamp", "/agents/log", `/agents/log/${said}`, "/agents/send", "/agents/webhooks", "/agents/tokens", "/agents/connect"];

export const paths = () => ["/", `/c/${chat}`, "/temporary", ...LIBRARY(), ...AGENTS(), "/search?q=everything", "/nowhere", ...SECTIONS.map((name) => `/settings/${name}`)];

/** Goes to an address inside the page, without asking the server for it. */
export const within = (page, path) => page.evaluate((to) => {
  history.pushState(null, "", to);
  dispatchEvent(new PopStateEvent("popstate"));
}, path);

/** Waits until formulas, the colours of code and diagrams, which are all fetched when met, are there. */
async function drawn(answer) {
  await answer.locator(".code-block").first().waitFor();
  await counts(answer.locator("[data-math]:not([data-drawn])"), 0);
  await answer.locator(".hljs-keyword").first().waitFor();
  await answer.locator("img.diagram").waitFor();
}

/** Goes to a page, and waits until what it fetches is there. */
export async function visit(house, page, path) {
  // An address that the server does not know is reached from inside.
  const outside = path !== "/nowhere" && path !== "/temporary";
  await page.goto(house.address + (outside ? path : "/"));
  await page.locator("#app > *").first().waitFor();
  if (!outside) await within(page, path);
  await page.locator("main :is(h1, h2), header h1").first().waitFor();
  if (path.startsWith("/c/")) await drawn(page.locator(".answer"));
  if (path === "/library") await page.locator(".document-row").first().waitFor();
  if (path.startsWith("/library/")) await page.locator("mark.passage").first().waitFor();
  if (path.startsWith("/search")) await page.locator("main mark").first().waitFor();
  if (path.startsWith("/agents")) await page.locator(".agents").waitFor();
  if (path.startsWith("/agents/log")) await page.locator(".bus-row").first().waitFor({ state: "attached" });
  if (path.startsWith("/settings") || path.startsWith("/agents")) await counts(page.locator("main .spinner"), 0);
  if (path.startsWith("/settings/models")) await page.locator(".provider", { hasText: "Hearth" }).waitFor();
}
