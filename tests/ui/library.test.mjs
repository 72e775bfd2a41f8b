// The library: files in, read, found, opened at a passage, put away and brought back.
import assert from "node:assert/strict";
import { test } from "node:test";
import { counts, shows, until, useHouse } from "./house.mjs";

const house = useHouse();
const row = (page, name) => page.locator(".document-row", { hasText: name });
const file = (name, text) => ({ name, mimeType: "text/plain", buffer: Buffer.from(text) });
const choose = (page, ...files) => page.locator("input[type=file][multiple]").first().setInputFiles(files);

/** Drops files on something, as the browser would tell it. */
const drop = (page, selector, files) =>
  page.locator(selector).evaluate((target, list) => {
    const dataTransfer = new DataTransfer();
    for (const [name, text] of list) dataTransfer.items.add(new File([text], name, { type: "text/plain" }));
    for (const kind of ["dragover", "drop"]) target.dispatchEvent(new DragEvent(kind, { bubbles: true, cancelable: true, dataTransfer }));
  }, files);

async function act(page, name, action) {
  await row(page, name).getByRole("button", { name: /^Actions for/ }).click();
  await page.getByRole("menuitem", { name: action }).click();
}

test("the empty library says what can be dropped, and takes the first file", house.scene({ path: "/library" }, async (page) => {
  await page.getByRole("heading", { name: "Drop documents here" }).waitFor();
  await page.getByText("Nothing leaves this machine").waitFor();
  await choose(page, file("harbour.md", "# Harbour\n\nThe tide clock was made in 1832.\n"));
  await row(page, "harbour.md").waitFor();
  await page.getByText("1 document added").waitFor();
  await house.ready("harbour.md");
  await counts(row(page, "harbour.md").locator("progress"), 0);
  await page.reload();
  await row(page, "harbour.md").waitFor();
  await row(page, "harbour.md").getByRole("link").click();
  await page.locator(".reader", { hasText: "The tide clock was made in 1832." }).waitFor();
  await page.reload();
  await page.locator(".reader", { hasText: "The tide clock was made in 1832." }).waitFor();
  await page.getByRole("link", { name: "Back to the library" }).click();
  await row(page, "harbour.md").waitFor();
}));

test("what cannot be read keeps its place with the reason, and the others arrive", house.scene({ path: "/library" }, async (page) => {
  await choose(page, file("good.txt", "The gulls came back in March."), file("nothing.txt", ""), file("again.txt", "The gulls came back in March."));
  await row(page, "good.txt").waitFor();
  const tray = page.locator(".upload-tray, .document-row").filter({ hasText: "nothing.txt" });
  await tray.filter({ hasText: /empty/i }).first().waitFor();
  await counts(row(page, "again.txt"), 0);
  await page.getByText("1 was here already").waitFor();
}));

test("a passage is found inside a document, and opened where it stands", house.scene(async (page) => {
  const chapters = Array.from({ length: 80 }, (_, n) => `## Chapter ${n + 1}\n\n${`Chapter ${n + 1} tells of 🐚 shells and of the weather. `.repeat(12)}\n`);
  chapters[61] += "\nThe cormorant keeps its nest beside the lamp.\n";
  const id = await house.document("Lighthouse keeping.md", `# Lighthouse keeping\n\n${chapters.join("\n")}`);
  await page.goto(`${house.address}/library/${id}`);
  await page.locator(".reader", { hasText: "Chapter 1 tells" }).waitFor();
  await page.locator(".outline").getByRole("button", { name: "Chapter 12", exact: true }).click();
  await page.locator(".reader-heading", { hasText: "Chapter 12" }).waitFor();
  await page.getByRole("searchbox", { name: "Search in this document" }).fill("cormorant");
  await page.locator(".find-hit", { hasText: "cormorant" }).first().waitFor();
  await page.keyboard.press("Enter");
  const mark = page.locator("mark.passage").first();
  await mark.waitFor();
  await until(async () => (await page.locator("mark.passage").allInnerTexts()).join(" ").includes("cormorant") || "another passage is marked");
  assert.ok(await mark.evaluate((element) => element.getBoundingClientRect().top > 0 && element.getBoundingClientRect().top < innerHeight), "the passage is in sight");
  await page.reload();
  await until(async () => (await page.locator("mark.passage").allInnerTexts()).join(" ").includes("cormorant") || "the address does not hold the passage");
  await page.keyboard.press("Control+K");
  await page.getByRole("combobox").fill("cormorant");
  await page.getByRole("option", { name: /cormorant/ }).first().waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/library\/doc_[0-9a-f]+\?from=\d+/);
  await page.goto(`${house.address}/library?q=cormorant`);
  await page.locator(".inside", { hasText: "cormorant" }).waitFor();
}));

test("collections are made, filled, renamed and deleted with a way back", house.scene(async (page) => {
  await house.document("Lease.txt", "The rent is due on the first.");
  await page.goto(`${house.address}/library`);
  await row(page, "Lease.txt").waitFor();
  await page.locator(".rail").getByRole("button", { name: "New collection" }).click();
  await page.getByRole("dialog").getByRole("textbox").fill("Contracts");
  await page.keyboard.press("Enter");
  await page.waitForURL(/collection=/);
  await page.getByText("Nothing is in this collection yet.").waitFor();
  await page.getByRole("link", { name: "All documents" }).click();
  await act(page, "Lease.txt", "Move to collection…");
  await page.getByRole("dialog").getByRole("button", { name: /Contracts/ }).click();
  await page.getByText("Moved to Contracts").waitFor();
  await page.locator(".rail").getByRole("link", { name: /Contracts/ }).click();
  await counts(page.locator(".document-row"), 1);
  await page.locator(".rail-row").hover();
  await page.getByRole("button", { name: "Actions for the collection Contracts" }).click();
  await page.getByRole("menuitem", { name: "Rename" }).click();
  await page.getByRole("dialog").getByRole("textbox").fill("Papers");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { level: 1, name: "Papers" }).waitFor();
  await page.getByRole("button", { name: "Actions for the collection Papers" }).click();
  await page.getByRole("menuitem", { name: /Delete/ }).click();
  await counts(page.locator(".rail-row"), 0);
  await page.locator(".toast", { hasText: "Papers" }).getByRole("button", { name: "Undo" }).click();
  await page.locator(".rail-row", { hasText: "Papers" }).waitFor();
  const { items } = await house.api("GET", "/collections");
  assert.deepEqual(items.map(({ name }) => name), ["Papers"]);
}));

test("documents go to the trash with Undo, several at once, and come back from it", house.scene(async (page) => {
  for (const name of ["One.txt", "Two.txt", "Three.txt"]) await house.document(name, `This is ${name}, alone.`);
  await page.goto(`${house.address}/library`);
  await act(page, "One.txt", "Delete");
  await counts(row(page, "One.txt"), 0);
  await page.getByRole("button", { name: "Undo" }).click();
  await row(page, "One.txt").waitFor();
  await page.locator("main").getByRole("button", { name: "Select several" }).click();
  for (const name of ["One.txt", "Two.txt"]) await row(page, name).getByRole("checkbox").check();
  await page.getByRole("toolbar").getByText("2 selected").waitFor();
  await page.getByRole("toolbar").getByRole("button", { name: "Delete" }).click();
  await counts(row(page, "One.txt"), 0);
  await counts(row(page, "Three.txt"), 1);
  await page.getByRole("link", { name: "Trash" }).click();
  await act(page, "Two.txt", "Restore");
  await counts(row(page, "Two.txt"), 0);
  await act(page, "One.txt", "Delete for good");
  await page.getByRole("dialog").getByRole("button", { name: "Delete for good" }).click();
  await page.getByText("The trash is empty.").waitFor();
  await page.goBack();
  await row(page, "Two.txt").waitFor();
}));

test("text and addresses are added by a form that passes on what the server says", house.scene({ path: "/library", allow: /4\d\d/ }, async (page) => {
  const form = page.getByRole("dialog");
  const open = async (name) => {
    await page.getByRole("button", { name: "Add", exact: true }).click();
    await page.getByRole("menuitem", { name }).click();
  };
  await open("Pasted text…");
  await form.getByLabel("Text", { exact: true }).fill("A note about the old pier.");
  await form.getByLabel("Name (optional)").fill("Pier");
  await form.getByRole("button", { name: "Add" }).click();
  await row(page, "Pier").waitFor();
  await form.waitFor({ state: "hidden" });
  await open("Page from the web…");
  await form.getByLabel("Address").fill("http://127.0.0.1:9/secret");
  await form.getByRole("button", { name: "Add" }).click();
  await until(async () => (await form.getByRole("alert").count()) === 1 || (await page.locator(".document-row", { hasText: /127\.0\.0\.1|secret/ }).locator(".document-reason").count()) === 1 || "no reason is shown");
}));

test("a folder is watched, shows its state and is let go with Undo", house.scene({ path: "/library?view=folders" }, async (page) => {
  await page.getByText("No folder is watched.").waitFor();
  await page.getByRole("button", { name: "Watch a folder…" }).click();
  await page.getByLabel("Path of the folder").fill(house.shelf({ "pond.txt": "Frogs sing in the pond.", "lake.md": "# Lake\n\nIt is deep." }));
  await page.getByRole("button", { name: "Watch", exact: true }).click();
  await page.locator(".folder-card", { hasText: "In step" }).waitFor();
  await page.locator(".folder-card").getByRole("button", { name: /^Actions for/ }).click();
  await page.getByRole("menuitem", { name: "Stop watching" }).click();
  await counts(page.locator(".folder-card"), 0);
  await page.getByRole("button", { name: "Undo" }).click();
  await page.locator(".folder-card").waitFor();
}));

test("files dropped on any page go to the library, on the message field to the question", house.scene({ path: "/settings/about" }, async (page) => {
  await page.getByRole("heading", { name: "About" }).waitFor();
  await drop(page, "main", [["dropped.txt", "Dropped on the settings."]]);
  await page.getByText("One file goes into the library").waitFor();
  await house.ready("dropped.txt");
  await page.keyboard.press("Control+Shift+O");
  await page.locator("#composer").waitFor();
  await drop(page, ".composer", [["attached.txt", "For this question."]]);
  await page.locator(".composer .attachment", { hasText: "attached.txt" }).waitFor();
  await page.keyboard.press("Control+Shift+L");
  await row(page, "dropped.txt").waitFor();
  await counts(row(page, "attached.txt"), 0);
}));

test("the library is walked and marked by keyboard alone", house.scene(async (page) => {
  for (const name of ["Kelp.txt", "Sand.txt"]) await house.document(name, `About ${name}, for the keyboard.`);
  await page.goto(`${house.address}/library?q=.txt`);
  await row(page, "Kelp.txt").waitFor();
  const focused = () => page.evaluate(() => document.activeElement.closest(".document-row")?.querySelector(".document-name > span")?.textContent ?? document.activeElement.outerHTML.slice(0, 80));
  const first = await page.locator(".document-row .document-name > span").first().innerText();
  await page.locator(".document-row a").first().focus();
  await page.keyboard.press("ArrowDown");
  await until(async () => (await focused()) !== first || "the focus stayed");
  await page.keyboard.press("ArrowUp");
  await until(async () => (await focused()) === first || focused());
  await page.keyboard.press("x");
  await shows(page.locator(".marked-count"), "1 selected");
  await page.keyboard.press("x");
  await page.keyboard.press("Enter");
  await page.waitForURL(/\/library\/doc_/);
  await page.locator(".reader").waitFor();
}));
