// Many documents and slow or failing answers: the list scrolls, a thousand files go in, nothing is silent.
import assert from "node:assert/strict";
import { test } from "node:test";
import { counts, until, useHouse } from "./house.mjs";

const MANY = 10_000;
const FILES = 1000;
const house = useHouse({ provider: false });

const made = (n) => ({
  id: `doc_${String(n).padStart(32, "0")}`, name: `Document ${n}.pdf`, title: null, kind: "pdf", media_type: "application/pdf", size_bytes: 1000 + n, origin: "upload", source: null,
  collection_id: null, folder_id: null, state: "ready", progress: 1, searchable: true, error: null, pages: 3, chars: 9, tokens: 3, chunks: 1, embedded: 1,
  created_at: new Date(Date.UTC(2026, 0, 1) - n * 60_000).toISOString(), updated_at: "2026-01-01T00:00:00.000Z", deleted_at: null,
});

/** Answers the list of documents in the server's place. */
const pretend = (page, then) => page.route(/\/api\/v1\/documents\?/, (route) => then(route, new URL(route.request().url()).searchParams));

/** The longest time between two frames until `stop` is called. */
const watchFrames = (page) => page.evaluate(() => {
  let last = performance.now();
  globalThis.longestFrame = 0;
  const look = (now) => {
    globalThis.longestFrame = Math.max(globalThis.longestFrame, now - last);
    last = now;
    globalThis.frames = requestAnimationFrame(look);
  };
  globalThis.frames = requestAnimationFrame(look);
});
const longestFrame = (page) => page.evaluate(() => (cancelAnimationFrame(globalThis.frames), globalThis.longestFrame));

test("ten thousand documents scroll, fetched page by page, few of them drawn", house.scene(async (page) => {
  let pages = 0;
  await pretend(page, (route, query) => {
    pages += 1;
    const at = Number(query.get("cursor") ?? 0);
    const limit = Number(query.get("limit"));
    const items = Array.from({ length: Math.min(limit, MANY - at) }, (_, n) => made(at + n));
    return route.fulfill({ json: { items, next_cursor: at + limit < MANY ? String(at + limit) : null } });
  });
  await page.goto(`${house.address}/library`);
  await page.locator(".document-row", { hasText: "Document 0.pdf" }).waitFor();
  assert.ok(pages <= 3, `${pages} pages before anybody scrolled`);
  await watchFrames(page);
  const last = page.locator(".document-row", { hasText: `Document ${MANY - 1}.pdf` });
  await until(async () => {
    await page.locator(".document-list").evaluate((list) => (list.scrollTop = list.scrollHeight));
    return (await last.count()) === 1 || "the end is not reached";
  }, 60_000);
  const drawn = await page.locator(".document-row").count();
  assert.ok(drawn < 120, `${drawn} rows are drawn`);
  const longest = await longestFrame(page);
  console.error(`ten thousand documents: ${pages} pages, ${drawn} rows drawn, longest frame ${Math.round(longest)} ms`);
  await page.locator(".document-list").evaluate((list) => (list.scrollTop = 0));
  await page.locator(".document-row", { hasText: "Document 0.pdf" }).waitFor();
}));

test("the list says that it loads, that it failed, and tries again", house.scene({ allow: /Failed to load resource|ERR_FAILED/ }, async (page) => {
  let answer = () => {};
  const asked = new Promise((resolve) => (answer = resolve));
  // The page asks again by itself when its feed opens.
  await pretend(page, async (route) => {
    await asked;
    const again = await page.evaluate(() => globalThis.clicked);
    return again ? route.fulfill({ json: { items: [made(1)], next_cursor: null } }) : route.abort();
  });
  await page.goto(`${house.address}/library`);
  await page.locator(".document-waiting").waitFor();
  answer();
  await page.getByText("Inglenook cannot be reached right now.").waitFor();
  await page.evaluate(() => addEventListener("click", () => (globalThis.clicked = true), { capture: true }));
  await page.getByRole("button", { name: "Try again" }).click();
  await page.locator(".document-row", { hasText: "Document 1.pdf" }).waitFor();
}));

test("a document that failed says why, and what can be done", house.scene(async (page) => {
  const broken = { ...made(7), state: "failed", chars: null, error: { code: "encrypted", error: "the file is protected with a password" } };
  await pretend(page, (route) => route.fulfill({ json: { items: [broken], next_cursor: null } }));
  await page.route(`**/documents/${broken.id}`, (route) => route.fulfill({ json: broken }));
  await page.goto(`${house.address}/library`);
  const row = page.locator(".document-row", { hasText: "The file is protected with a password" });
  await row.getByRole("button", { name: "Try again" }).waitFor();
  await row.getByRole("button", { name: "Delete" }).waitFor();
  await row.getByRole("link").click();
  await page.getByRole("alert").filter({ hasText: "The file is protected with a password" }).waitFor();
}));

test("an address of a document that is gone says so", house.scene({ allow: /404/, path: `/library/doc_${"0".repeat(32)}` }, async (page) => {
  await page.getByRole("heading", { name: "This document is not here" }).waitFor();
  await page.getByRole("link", { name: "Library" }).last().click();
  await counts(page.getByRole("heading", { level: 1, name: "Library" }), 1);
}));

// The last one: the server still reads them when it ends, and tells every page so.
test("a thousand files go in at once, two requests at a time, while the page stays at hand", house.scene({ path: "/library" }, async (page) => {
  let open = 0;
  let most = 0;
  let requests = 0;
  const posted = (request) => request.method() === "POST" && new URL(request.url()).pathname.endsWith("/documents");
  page.on("request", (request) => posted(request) && ((requests += 1), (most = Math.max(most, (open += 1)))));
  for (const name of ["requestfinished", "requestfailed"]) page.on(name, (request) => posted(request) && (open -= 1));
  await page.getByRole("heading", { name: "Drop documents here" }).waitFor();
  await watchFrames(page);
  await page.locator(".library").evaluate((target, count) => {
    const dataTransfer = new DataTransfer();
    for (let n = 0; n < count; n += 1) dataTransfer.items.add(new File([`File number ${n} of a thousand.`], `file ${n}.txt`, { type: "text/plain" }));
    target.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer }));
  }, FILES);
  await page.locator(".document-row").first().waitFor();
  await page.getByRole("link", { name: "New chat" }).or(page.getByRole("button", { name: "New chat" })).first().click();
  await page.locator("#composer").pressSequentially("still here");
  await page.locator(".status-line", { hasText: /Adding files|Reading/ }).waitFor();
  const longest = await longestFrame(page);
  await page.locator(".status-line a").click();
  await until(async () => ((await house.api("GET", "/documents?limit=1")).items.length === 1 && !(await page.locator(".upload-tray").count())) || "files are on their way", 60_000);
  console.error(`a thousand files: ${requests} requests, at most ${most} at a time, longest frame ${Math.round(longest)} ms`);
  // The end of a request is told a moment after the next one began.
  assert.ok(most <= 3, `${most} requests at a time`);
  let count = 0;
  for (let cursor = ""; cursor !== null; ) {
    const { items, next_cursor } = await house.api("GET", `/documents?limit=200${cursor && `&cursor=${encodeURIComponent(cursor)}`}`);
    count += items.length;
    cursor = next_cursor;
  }
  assert.equal(count, FILES);
}));
