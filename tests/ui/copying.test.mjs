// Copying over plain http from another machine, where browsers give a page no `navigator.clipboard`.
import { test } from "node:test";
import { answers, ask, shows, until, useHouse } from "./house.mjs";

const house = useHouse();

/** A page as it is there, with an answer that holds code. */
async function plain(page, refused = false) {
  await page.addInitScript((refuses) => {
    Object.defineProperty(navigator, "clipboard", { value: undefined });
    if (refuses) document.execCommand = () => false;
  }, refused);
  await page.reload();
  house.upstream.when("Show me code", { pieces: ["Here:\n\n", "```sh\nls -l\n```\n"] });
  await ask(page, "Show me code");
  await answers(page).locator("figure", { hasText: "ls -l" }).waitFor();
}

test("code and answers are copied over plain http", house.scene(async (page) => {
  await plain(page);
  await answers(page).locator("button[data-act=copy]").click();
  await answers(page).getByRole("button", { name: "Copied" }).waitFor();
  const field = page.locator("#composer");
  await field.press("Control+V");
  await until(async () => (await field.inputValue()) === "ls -l" || field.inputValue());
  await page.locator(".question").hover();
  await page.locator(".question").getByRole("button", { name: "Copy" }).click();
  await page.locator(".toast", { hasText: "Copied" }).waitFor();
  await field.fill("");
  await field.press("Control+V");
  await until(async () => (await field.inputValue()) === "Show me code" || field.inputValue());
}));

test("a browser that does not allow copying is told of", house.scene(async (page) => {
  await plain(page, true);
  const copy = answers(page).locator("button[data-act=copy]");
  await copy.click();
  await shows(copy, "Not copied");
  await page.locator(".question").hover();
  await page.locator(".question").getByRole("button", { name: "Copy" }).click();
  await page.locator(".toast", { hasText: "The browser did not allow copying." }).waitFor();
}));
