// Chats that ask documents: sources, passages on hover and on click, scope, names after #, notes, and no support.
import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers } from "./bus.mjs";
import { answers, ask, counts, shows, until, useHouse } from "./house.mjs";

const KEEPING = "# Lichens\n\nThe orange lichen on the harbour wall grows two millimetres a year.\n\nIt was first drawn by Maren in 1871.\n";
const house = useHouse({
  prepare: async (ready) => {
    ready.lichens = await ready.document("Lichens", KEEPING);
    ready.rent = await ready.document("Lease agreement.txt", "The rent is due on the first of each month.");
  },
});

test("an answer cites a passage, which shows on hover and opens in the document on click", house.scene(async (page) => {
  house.upstream.when("orange lichen", { pieces: ["It grows two millimetres a year [1]."] });
  await ask(page, "How fast does the orange lichen on the harbour wall grow?");
  await answers(page).filter({ hasText: "two millimetres" }).waitFor();
  const cite = page.locator(".answer .cite").first();
  await cite.hover();
  await page.locator(".cite-card", { hasText: "Lichens" }).waitFor();
  await cite.focus();
  await page.locator(".cite-card", { hasText: "harbour wall" }).waitFor();
  await page.keyboard.press("Enter");
  const panel = page.locator(".side-panel");
  await panel.getByRole("heading", { name: "Document" }).waitFor();
  await until(async () => (await panel.locator("mark.passage").allInnerTexts()).join(" ").includes("two millimetres a year") || "the passage is not marked");
  await counts(panel.locator(".passage-lost"), 0);
  await panel.getByRole("button", { name: "All sources" }).click();
  await panel.locator(".source", { hasText: "Lichens" }).first().getByRole("button", { name: "Show the passage" }).click();
  await panel.getByRole("link", { name: "Open in the library" }).click();
  await page.waitForURL(/\/library\/doc_.+from=\d+/);
  await page.locator("mark.passage").first().waitFor();
}));

test("a passage that is no longer in the document is not marked, and that is said", house.scene(async (page) => {
  house.upstream.when("first drawn", { pieces: ["Maren drew the orange lichen [1]."] });
  await page.route(/\/documents\/[^/]+\/text/, async (route) => {
    const response = await route.fetch();
    const body = await response.json();
    await route.fulfill({ json: { ...body, text: body.text.replaceAll(/[a-z]/g, "x") } });
  });
  await ask(page, "Who has first drawn the orange lichen?");
  await page.locator(".answer .cite").first().click();
  await page.locator(".side-panel .passage-lost", { hasText: "This passage is no longer in the document." }).waitFor();
  await counts(page.locator("mark.passage"), 0);
}));

test("an answer that no source supports says so, and a made-up number is no source", house.scene(async (page) => {
  const facts = { supported: { state: "supported", cited: [1], unknown: [9] }, unsupported: { state: "unsupported", cited: [], unknown: [] } };
  let support = facts.unsupported;
  await page.route("**/api/v1/conversations/*/messages?*", async (route) => {
    const response = await route.fetch();
    const body = await response.json();
    for (const message of body.items) if (message.role === "assistant") message.support = support;
    await route.fulfill({ json: body });
  });
  const id = await house.chat("What does the moon cost?", ["Nothing [9]."]);
  await page.goto(`${house.address}/c/${id}`);
  await page.locator(".support", { hasText: "No source supports this answer." }).waitFor();
  support = facts.supported;
  await page.reload();
  await page.locator(".support", { hasText: "[9] is not a source." }).waitFor();
  await page.locator(".cite.unknown", { hasText: "9" }).waitFor();
  await counts(page.getByRole("button", { name: "Source 9" }), 0);
}));

test("a document is named after #, becomes a chip and travels with the question", house.scene(async (page) => {
  const asked = [];
  page.on("request", (request) => request.method() === "POST" && /\/messages$/.test(request.url()) && asked.push(request.postDataJSON()));
  await page.locator("#composer").pressSequentially("When is it due? #leas");
  await page.getByRole("option", { name: /Lease agreement\.txt/ }).waitFor();
  await page.keyboard.press("Enter");
  await page.locator(".composer .attachment.named", { hasText: "Lease agreement.txt" }).waitFor();
  await until(async () => (await page.locator("#composer").inputValue()).trim() === "When is it due?" || page.locator("#composer").inputValue());
  await page.keyboard.press("Enter");
  await answers(page).first().waitFor();
  assert.deepEqual(asked.map(({ documents }) => documents), [[house.rent]]);
  await counts(page.locator(".composer .attachment.named"), 0);
}));

test("a question shows the documents it names, and names them again in other words as long as they are there", house.scene(async (page) => {
  const brief = await house.document("Loan.txt", "The loan ends in May.");
  const asked = [];
  page.on("request", (request) => request.method() === "POST" && /\/messages$/.test(request.url()) && asked.push(request.postDataJSON()));
  const edit = async (words) => {
    await page.locator(".question").hover();
    await page.getByRole("button", { name: "Edit question" }).click();
    await page.getByRole("textbox", { name: "Edit question" }).fill(words);
    await page.keyboard.press("Control+Enter");
    await shows(page.locator(".question .bubble"), words);
  };
  const { id } = await house.api("POST", "/conversations", { title: "Both" });
  await house.api("POST", `/conversations/${id}/messages`, { content: "When?", documents: [house.rent, brief], stream: false, model: house.model() });
  await page.goto(`${house.address}/c/${id}`);
  const named = page.locator(".question .attachment.named");
  await named.filter({ hasText: "Loan.txt" }).waitFor();
  await edit("At what time?");
  await counts(named, 2);
  assert.deepEqual(await barriers(page), []);
  await house.api("DELETE", `/documents/${brief}`);
  await edit("At which hour?");
  assert.deepEqual(asked.map(({ documents }) => documents), [[house.rent, brief], [house.rent]]);
  await counts(named, 1);
  await named.getByRole("link", { name: "Lease agreement.txt" }).click();
  await page.waitForURL(new RegExp(`/library/${house.rent}$`));
}));

test("a chat asks all documents, chosen ones or none, and keeps that over a reload", house.scene(async (page) => {
  const id = await house.chat("Scope");
  const kept = async () => {
    const { document_ids, pinned_document_ids } = await house.api("GET", `/conversations/${id}`);
    return JSON.stringify([document_ids, pinned_document_ids]);
  };
  await page.goto(`${house.address}/c/${id}`);
  await page.getByRole("button", { name: "Chat settings" }).click();
  const panel = page.locator(".side-panel");
  await panel.locator("label", { hasText: "Chosen" }).click();
  await panel.getByRole("combobox", { name: "Add a document" }).fill("lich");
  await panel.getByRole("option", { name: /Lichens/ }).waitFor();
  await page.keyboard.press("Enter");
  await until(async () => (await kept()) === JSON.stringify([[house.lichens], []]) || kept());
  await panel.getByRole("combobox", { name: "Pin a document" }).fill("leas");
  await panel.getByRole("option", { name: /Lease agreement\.txt/ }).waitFor();
  await page.keyboard.press("Enter");
  await until(async () => (await kept()) === JSON.stringify([[house.lichens], [house.rent]]) || kept());
  await page.reload();
  await page.locator(".scope-chip", { hasText: "Lichens" }).click();
  await panel.getByRole("button", { name: "Without Lichens" }).waitFor();
  await panel.locator("label", { hasText: "None" }).click();
  await page.locator(".scope-chip", { hasText: "No documents" }).waitFor();
  await until(async () => (await kept()) === JSON.stringify(["none", [house.rent]]) || kept());
}));

test("a document's page starts a chat that asks it alone", house.scene(async (page) => {
  await page.goto(`${house.address}/library/${house.rent}`);
  await page.getByRole("button", { name: "Ask about this document" }).click();
  await page.locator(".scope-chip", { hasText: "Lease agreement.txt" }).waitFor();
  await ask(page, "What is due?");
  await page.waitForURL(/\/c\/conv_/);
  const id = page.url().split("/").at(-1);
  assert.deepEqual((await house.api("GET", `/conversations/${id}`)).document_ids, [house.rent]);
}));

test("what is to be remembered becomes a note, with Undo, and is changed in the settings", house.scene(async (page) => {
  await ask(page, "Remember that the cat is called Miso");
  await page.locator(".toast", { hasText: "Saved as a note" }).filter({ hasText: "Miso" }).waitFor();
  await page.goto(`${house.address}/settings/memory`);
  const note = page.locator(".note-card", { hasText: "Miso" });
  await note.getByRole("button", { name: "Edit note" }).click();
  await page.getByRole("textbox", { name: "Edit note" }).fill("The cat is called Tofu");
  await page.getByRole("button", { name: "Save" }).click();
  await page.locator(".note-card", { hasText: "Tofu" }).getByRole("button", { name: "Delete note" }).click();
  await counts(page.locator(".note-card"), 0);
  await page.locator(".toast", { hasText: "Note deleted" }).getByRole("button", { name: "Undo" }).click();
  await page.locator(".note-card", { hasText: "Tofu" }).waitFor();
  await page.keyboard.press("Control+K");
  await page.getByRole("combobox", { name: /^Search/ }).fill("tofu");
  await page.getByRole("option", { name: /Tofu/ }).first().waitFor();
}));

test("search as a page is narrowed by its filters, which its address holds", house.scene({ path: "/search?q=lichen" }, async (page) => {
  await page.locator(".results a", { hasText: "Lichens" }).first().waitFor();
  await page.getByRole("combobox", { name: "In", exact: true }).selectOption({ label: "Chats" });
  await page.waitForURL(/scope=conversations/);
  await counts(page.locator(".results a", { hasText: "Lichens" }), 0);
  await page.reload();
  assert.equal(await page.getByRole("combobox", { name: "In", exact: true }).inputValue(), "conversations");
  await page.getByRole("combobox", { name: "In", exact: true }).selectOption({ label: "Documents" });
  await page.locator(".results a", { hasText: "Lichens" }).first().waitFor();
  await page.getByRole("searchbox").focus();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/library\/doc_/);
  await shows(page.locator(".top-bar h1"), "Lichens");
}));
