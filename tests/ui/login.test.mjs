// The page for the password: how one comes in, what goes wrong, and that nothing is lost on the way.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { carry, enter, lock, PASSWORD, person, setupClaim, signedIn, signInBeside } from "./doors.mjs";
import { answers, counts, shows, until, useHouse } from "./house.mjs";

const house = useHouse();
const axe = readFileSync(join(import.meta.dirname, "node_modules/axe-core/axe.min.js"), "utf8");
// What a refusal leaves on the console of the browser.
const allow = /\b(401|403|429)\b/;
const alert = (page) => page.getByRole("alert");
const composer = (page) => page.locator("#composer");

async function barriers(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return violations.map(({ id, nodes }) => `${id} ${nodes[0].html.slice(0, 120)}`);
}

const kept = (page) => page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, history.state, location.href]));

test("while there is no password, the page for it leads on, and nobody can sign out", house.scene({ path: "/login" }, async (page) => {
  await page.waitForURL(`${house.address}/`);
  await composer(page).waitFor();
  await page.keyboard.press("Control+K");
  await page.keyboard.type("sign out");
  await page.getByRole("status").filter({ hasText: "Nothing found." }).waitFor();
  await counts(page.getByRole("option"), 0);
}));

test("a link that is good for nothing says how to get another", house.scene({ path: "/setup#inc_nonsense", allow }, async (page) => {
  await page.getByRole("heading", { name: "This link does not work" }).waitFor();
  assert.equal(new URL(page.url()).hash, "");
  await page.getByText("inglenook password").waitFor();
  await page.getByText("ask who invited you").waitFor();
  assert.deepEqual(await barriers(page), []);
  await page.goto(`${house.address}/setup`);
  await page.getByText("There is no link in the address").waitFor();
}));

test("the link of the terminal sets the password, and its claim stays nowhere", house.scene({ width: 360, height: 720 }, async (page, context) => {
  const claim = await setupClaim(house);
  await page.goto(`${house.address}/setup#${claim}`);
  assert.equal(page.url(), `${house.address}/setup`);
  await page.getByRole("heading", { name: /^Set your password/ }).waitFor();
  assert.deepEqual(await barriers(page), []);
  assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 360);
  const field = page.getByLabel("New password");
  const done = page.getByRole("button", { name: "Set password and sign in" });
  await field.fill("short");
  await page.getByText("3 more characters are needed.").waitFor();
  assert.ok(await done.isDisabled());
  await field.fill(PASSWORD);
  await page.getByText("Long. That is what counts most.").waitFor();
  assert.equal(await field.getAttribute("type"), "password");
  await page.getByRole("button", { name: "Show the password" }).click();
  assert.equal(await field.getAttribute("type"), "text");
  assert.ok(!(await kept(page)).includes(claim));
  await done.click();
  await composer(page).waitFor();
  assert.ok(!(await kept(page)).includes(claim));
  assert.ok(!(await kept(page)).includes(PASSWORD));
  const [cookie] = await context.cookies();
  assert.ok(cookie.httpOnly && cookie.sameSite === "Strict");
  await page.reload();
  await composer(page).waitFor();
  house.cookie = (await signInBeside(house)).cookie;
}));

test("every page asks for the password, says what is wrong, and is there afterwards", house.scene({ path: "/settings/shortcuts?a=b", allow }, async (page) => {
  await page.waitForURL(`${house.address}/login?to=${encodeURIComponent("/settings/shortcuts?a=b")}`);
  await page.getByRole("heading", { name: "Sign in to Inglenook" }).waitFor();
  assert.equal(await page.evaluate(() => document.activeElement.type), "password");
  assert.deepEqual(await barriers(page), []);
  await enter(page, { password: "not the password" });
  await alert(page).filter({ hasText: "The name or the password is wrong." }).waitFor();
  assert.equal(await page.getByLabel("Password", { exact: true }).inputValue(), "");
  await enter(page, { name: "nobody at all", password: "not the password" });
  await alert(page).filter({ hasText: "The name or the password is wrong." }).waitFor();
  await enter(page, { name: "" });
  await page.getByRole("heading", { name: "Shortcuts", exact: true }).waitFor();
  assert.equal(page.url(), `${house.address}/settings/shortcuts?a=b`);
}));

test("an address of elsewhere is no way back", house.scene({ allow }, async (page) => {
  for (const to of ["//example.invalid/", "/\\example.invalid", "javascript:alert(1)", "https://example.invalid/", "/login?to=/login"]) {
    await page.context().clearCookies();
    await page.goto(`${house.address}/login?to=${encodeURIComponent(to)}`);
    await enter(page);
    await composer(page).waitFor();
    assert.equal(page.url(), `${house.address}/`);
  }
}));

test("who guesses has to wait, and sees for how long", house.scene({ path: "/login", allow }, async (page) => {
  await person(house, "Guessed");
  for (let n = 0; n < 8 && !(await alert(page).filter({ hasText: "Too many wrong passwords" }).count()); n += 1) {
    await enter(page, { name: "Guessed", password: `guess number ${n}` });
    await until(async () => (await page.locator(".door .spinner").count()) === 0 || "still asking");
  }
  const button = page.getByRole("button", { name: /^Wait \d+ second/ });
  await button.waitFor();
  assert.ok(await button.isDisabled());
  const seconds = async () => Number(/\d+/.exec((await page.locator(".door button.primary").textContent()) ?? "")?.[0] ?? 0);
  const first = await seconds();
  await until(async () => (await seconds()) < first || `still ${first} seconds`);
  await page.getByRole("button", { name: "Sign in" }).waitFor({ timeout: 60_000 });
  await enter(page, { name: "Guessed" });
  await composer(page).waitFor();
  assert.equal((await page.evaluate(() => localStorage.getItem("inglenook.name"))), '"Guessed"');
}));

test("a session that ends elsewhere leads to the password, and the draft is there afterwards", house.scene({ allow }, async (page, context) => {
  const chat = await house.chat("What was decided?", ["Nothing yet."]);
  const { cookie, session } = await signInBeside(house);
  await carry(house, context, cookie);
  await page.goto(`${house.address}/c/${chat}`);
  await answers(page).filter({ hasText: "Nothing yet." }).waitFor();
  await composer(page).fill("A thought that must not be lost");
  await house.api("DELETE", `/auth/sessions/${session.id}`);
  await page.getByRole("heading", { name: "Sign in to Inglenook" }).waitFor({ timeout: 4000 });
  await counts(page.getByText("Nothing yet."), 0);
  await enter(page);
  await answers(page).filter({ hasText: "Nothing yet." }).waitFor();
  assert.equal(page.url(), `${house.address}/c/${chat}`);
  assert.equal(await composer(page).inputValue(), "A thought that must not be lost");
  await page.keyboard.press("Shift+Escape");
  await page.keyboard.press("Enter");
  await shows(answers(page).last(), "You asked: A thought that must not be lost");
}));

test("a question that is refused stays in its field", house.scene({ allow }, async (page, context) => {
  await signedIn(house, page, context);
  // Typed first: any other request that comes too late leads to the password as well.
  await composer(page).fill("Asked a moment too late");
  await context.clearCookies();
  await page.keyboard.press("Enter");
  await enter(page);
  await until(async () => (await composer(page).inputValue()) === "Asked a moment too late" || "the question is gone");
  await page.keyboard.press("Enter");
  await shows(answers(page).last(), "You asked: Asked a moment too late");
}));

test("signing out in one tab closes the others, signing in opens them", house.scene({ allow }, async (page, context) => {
  await signedIn(house, page, context, "/settings/about");
  const other = await context.newPage();
  await other.goto(`${house.address}/settings/appearance`);
  await other.getByRole("heading", { name: "Appearance" }).waitFor();
  await page.keyboard.press("Control+K");
  await page.keyboard.type("sign out");
  await page.getByRole("option", { name: "Sign out" }).waitFor();
  await page.keyboard.press("Enter");
  for (const tab of [page, other]) await tab.getByRole("heading", { name: "Sign in to Inglenook" }).waitFor();
  assert.deepEqual(await context.cookies(), []);
  await enter(page);
  await composer(page).waitFor();
  await other.getByRole("heading", { name: "Appearance" }).waitFor();
  // Both follow the feed again.
  const id = await house.chat("Said after signing in again", ["Heard."]);
  for (const tab of [page, other]) await tab.locator(`.chat-row a[href="/c/${id}"]`).waitFor();
}));

test("somebody else finds no draft of whoever was here before", house.scene({ allow }, async (page, context) => {
  const guest = await person(house, "Guest of the house");
  await signedIn(house, page, context);
  await enterDraft(page, "Not for the eyes of others");
  await page.goto(`${house.address}/settings/security`);
  await page.getByRole("button", { name: "Sign out", exact: true }).click();
  await enter(page, { name: guest.name });
  await composer(page).waitFor();
  assert.equal(await composer(page).inputValue(), "");
  await counts(page.locator(".chat-row"), 0);
  assert.ok(!(await kept(page)).includes("Not for the eyes"));
}));

async function enterDraft(page, text) {
  await composer(page).fill(text);
  await until(async () => (await kept(page)).includes(text) || "the draft is not kept");
}

test("a server that is gone is told apart from a wrong password", house.scene({ path: "/login", allow: /40\d|ERR_/ }, async (page) => {
  await page.getByLabel("Password", { exact: true }).waitFor();
  await house.restart(async () => {
    await enter(page);
    await alert(page).filter({ hasText: "does not answer" }).waitFor();
  });
  await enter(page);
  await composer(page).waitFor();
}));

for (const dark of [false, true]) {
  test(`the page for the password fits a phone and has no barrier in ${dark ? "dark" : "light"}`, house.scene({ path: "/login", width: 360, height: 640, dark, allow }, async (page) => {
    await page.getByLabel("Password", { exact: true }).waitFor();
    await enter(page, { name: "Somebody", password: "not the password" });
    await alert(page).waitFor();
    assert.deepEqual(await barriers(page), []);
    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= 360);
  }));
}

test("a house of its own: too many tries from one address", async (context) => {
  const { House } = await import("./house.mjs");
  const narrow = new House();
  context.after(() => narrow.stop());
  await narrow.start(false, { RATE_LIMIT_LOGIN: "2" });
  await lock(narrow);
  await narrow.scene({ path: "/login", allow }, async (page) => {
    for (let n = 0; n < 4 && !(await alert(page).filter({ hasText: "Too many tries from here" }).count()); n += 1) {
      await enter(page, { name: `Somebody ${n}`, password: "not the password" });
      await until(async () => (await page.locator(".door .spinner").count()) === 0 || "still asking");
    }
    await alert(page).filter({ hasText: "Too many tries from here" }).waitFor();
    await page.getByRole("button", { name: /^Wait \d+ second/ }).waitFor();
  })();
});
