// Settings: Security, as the owner and as a member: passwords, sessions, tokens, people, hosts.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { carry, enter, lock, person, signedIn, signInBeside } from "./doors.mjs";
import { counts, until, useHouse } from "./house.mjs";
import { within } from "./tour.mjs";

const house = useHouse();
const axe = readFileSync(join(import.meta.dirname, "node_modules/axe-core/axe.min.js"), "utf8");
// What a refusal leaves on the console of the browser.
const allow = /\b(400|401|403|409)\b/;
const part = (page, name) => page.getByRole("region", { name, exact: true }).or(page.locator("section", { has: page.getByRole("heading", { name, exact: true }) })).first();
const row = (page, text) => page.locator(".security .list > li", { hasText: text });
const loginPage = (page) => page.getByRole("heading", { name: "Sign in to Inglenook" });
const sections = (page) => page.locator(".settings-nav a").allInnerTexts();

async function settled(page) {
  await page.getByRole("heading", { name: "Security", exact: true }).waitFor();
  await counts(page.locator("main .spinner"), 0);
}

async function barriers(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  return violations.map(({ id, nodes }) => `${id} ${nodes[0].html.slice(0, 120)}`);
}

test("an open house explains itself, and how to lock it", house.scene({ path: "/settings/security" }, async (page) => {
  await settled(page);
  await page.getByText("Open on this machine only").waitFor();
  await page.getByText("inglenook password").waitFor();
  for (const name of ["Change password", "Where you are signed in", "Tokens for programs", "People"]) await counts(page.getByRole("heading", { name }), 0);
  await counts(page.getByRole("button", { name: "Sign out" }), 0);
}));

test("hosts that were contacted are listed, with why", house.scene({ path: "/settings/security" }, async (page) => {
  await settled(page);
  const table = part(page, "Hosts contacted");
  await table.getByRole("row").filter({ hasText: "127.0.0.1" }).filter({ hasText: "models" }).first().waitFor();
}));

test("sessions: this one is marked, another one is ended and its page closes", house.scene({ allow }, async (page, context) => {
  await lock(house);
  await signedIn(house, page, context, "/settings/security");
  await settled(page);
  await counts(page.locator(".badge", { hasText: "This one" }), 1);
  await row(page, "This one").getByText(/^Chrome on /).waitFor();
  const other = await house.visit({ allow });
  await signedIn(house, other.page, other.context, "/settings/about");
  await page.reload();
  await settled(page);
  // The house's own session has no browser.
  const beside = page.locator(".security .list > li", { hasText: "Chrome on" }).filter({ hasNotText: "This one" });
  await counts(beside, 1);
  const end = beside.getByRole("button");
  await end.click();
  await beside.getByRole("button", { name: /Press again/ }).waitFor();
  await page.keyboard.press("Escape");
  await beside.getByRole("button", { name: /^End:/ }).click();
  await beside.getByRole("button", { name: /Press again/ }).click();
  await loginPage(other.page).waitFor({ timeout: 4000 });
  await counts(beside, 0);
  await other.context.close();
  assert.deepEqual(other.complaints, []);
}));

test("a token is shown once, works, and works no more when revoked", house.scene({ allow }, async (page, context) => {
  await signedIn(house, page, context, "/settings/security");
  await settled(page);
  await page.getByRole("button", { name: "New token" }).click();
  const form = page.getByRole("form", { name: "New token" });
  await form.getByRole("textbox", { name: "Name" }).fill("Notes script");
  await form.getByRole("button", { name: "Create token" }).click();
  await form.getByRole("alert").filter({ hasText: "at least one thing" }).waitFor();
  await form.getByRole("checkbox", { name: /^Search/ }).check();
  await form.getByLabel("Ends").selectOption({ label: "After 30 days" });
  await form.getByRole("button", { name: "Create token" }).click();
  const shown = page.getByRole("group", { name: "The token “Notes script”" });
  const token = await shown.getByRole("textbox").inputValue();
  assert.match(token, /^ink_/);
  await context.grantPermissions(["clipboard-read", "clipboard-write"]);
  await shown.getByRole("button", { name: "Copy" }).click();
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), token);
  const bearer = { authorization: `Bearer ${token}` };
  assert.equal((await house.ask("GET", "/notes", undefined, bearer)).status, 200);
  assert.equal((await house.ask("GET", "/conversations", undefined, bearer)).status, 403);
  await shown.getByRole("button", { name: "Done" }).click();
  await page.reload();
  await settled(page);
  assert.ok(!(await page.content()).includes(token));
  const entry = row(page, "Notes script");
  await entry.getByText(`…${token.slice(-4)}`).waitFor();
  await entry.getByRole("button", { name: /^Revoke/ }).click();
  await entry.getByRole("button", { name: /Press again/ }).click();
  await counts(entry, 0);
  await page.getByText("No tokens.").waitFor();
  assert.equal((await house.ask("GET", "/notes", undefined, bearer)).status, 401);
}));

test("somebody is invited, comes in, is disabled and deleted", house.scene({ allow }, async (page, context) => {
  await signedIn(house, page, context, "/settings/security");
  await settled(page);
  await page.getByText("Only you so far.").waitFor();
  await page.getByRole("button", { name: "Invite somebody" }).click();
  const form = page.getByRole("form", { name: "Invite somebody" });
  await form.getByLabel("Name").fill("Maren");
  await form.getByRole("button", { name: "Make link" }).click();
  const link = await page.getByRole("group", { name: "Link for Maren" }).getByRole("textbox").inputValue();
  await row(page, "Maren").getByText("Invited").waitFor();

  const guest = await house.visit({ path: new URL(link).pathname + new URL(link).hash, allow });
  await guest.page.getByRole("heading", { name: "Welcome, Maren" }).waitFor();
  await guest.page.getByRole("textbox", { name: "Name" }).fill("Maren Holt");
  await guest.page.getByLabel("New password").fill("keeper of the clock");
  await guest.page.keyboard.press("Enter");
  await guest.page.locator("#composer").waitFor();
  await within(guest.page, "/settings/models");
  await guest.page.getByRole("heading", { name: "Settings" }).waitFor();
  assert.deepEqual(await sections(guest.page), ["Memory and search", "Appearance", "Shortcuts", "Security", "About"]);
  await within(guest.page, "/settings/security");
  await settled(guest.page);
  await counts(guest.page.getByRole("heading", { name: "People" }), 0);
  await counts(guest.page.getByRole("heading", { name: "Hosts contacted" }), 0);
  assert.deepEqual(await barriers(guest.page), []);

  await page.reload();
  await settled(page);
  const maren = row(page, "Maren Holt");
  await maren.getByRole("button", { name: /Actions for/ }).click();
  await page.getByRole("menuitem", { name: "Disable" }).click();
  await maren.getByText("Disabled").waitFor();
  await loginPage(guest.page).waitFor({ timeout: 4000 });
  await enter(guest.page, { name: "Maren Holt", password: "keeper of the clock" });
  await guest.page.getByRole("alert").waitFor();
  await maren.getByRole("button", { name: /^Delete for good/ }).click();
  await maren.getByRole("button", { name: /Press again/ }).click();
  await counts(maren, 0);
  await guest.context.close();
  assert.deepEqual(guest.complaints, []);
}));

test("a role is changed and taken back, a fresh link is made, and the last administrator stays one", house.scene({ allow }, async (page, context) => {
  await person(house, "Jonas");
  await signedIn(house, page, context, "/settings/security");
  await settled(page);
  const jonas = row(page, "Jonas");
  await jonas.getByRole("button", { name: /Actions for/ }).click();
  await page.getByRole("menuitem", { name: "Make administrator" }).click();
  await jonas.getByText("Administrator").waitFor();
  await page.getByRole("button", { name: "Undo" }).click();
  await jonas.getByText("Member").waitFor();
  await jonas.getByRole("button", { name: /Actions for/ }).click();
  await page.getByRole("menuitem", { name: "Link for a new password" }).click();
  const link = await page.getByRole("group", { name: "Link for Jonas" }).getByRole("textbox").inputValue();
  assert.match(link, new RegExp(`^${house.address}/setup#inc_`));
  await counts(row(page, "You").getByRole("button", { name: /Actions for/ }), 0);
}));

test("a member meets no page that is not for members, and nothing is asked in vain", house.scene(async (page, context) => {
  const member = await person(house, "Inga");
  await carry(house, context, member.cookie);
  const asked = [];
  page.on("response", (response) => response.status() === 403 && asked.push(response.url()));
  for (const path of ["/", "/library", "/library?view=folders", "/settings/models", "/settings/memory", "/settings/about", "/settings/logs", "/settings/configuration", "/search?q=a", "/temporary"]) {
    await page.goto(house.address + path);
    await page.locator(".shell").waitFor();
    await counts(page.locator("main .spinner"), 0);
    if (path.startsWith("/settings")) assert.ok(!(await sections(page)).some((name) => ["Models", "Configuration", "Logs"].includes(name)));
  }
  await page.goto(`${house.address}/library`);
  await counts(page.getByRole("link", { name: "Watched folders" }), 0);
  assert.deepEqual(asked, []);
}));

test("signing out everywhere ends all sessions", house.scene({ allow }, async (page, context) => {
  await signedIn(house, page, context, "/settings/security");
  await settled(page);
  const everywhere = page.getByRole("button", { name: /^Sign out everywhere/ });
  await everywhere.click();
  await everywhere.click();
  await loginPage(page).waitFor();
  assert.equal((await house.ask("GET", "/auth/sessions", undefined, { cookie: house.cookie })).status, 401);
  house.cookie = (await signInBeside(house)).cookie;
}));

for (const [dark, width] of [[false, 360], [true, 1280]]) {
  test(`the page has no barrier, ${dark ? "dark" : "light"} and ${width} wide`, house.scene({ dark, width, height: 800, allow }, async (page, context) => {
    await signedIn(house, page, context, "/settings/security");
    await settled(page);
    await page.getByRole("button", { name: "New token" }).click();
    await page.getByRole("button", { name: "Invite somebody" }).click();
    assert.deepEqual(await barriers(page), []);
    await until(async () => {
      const now = await page.evaluate(() => document.documentElement.scrollWidth);
      return now <= width || `${now} wide`;
    });
  }));
}
