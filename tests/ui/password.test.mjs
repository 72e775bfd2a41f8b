// Settings: Security: the password is changed, other sessions end, and who changed it stays.
import assert from "node:assert/strict";
import { test } from "node:test";
import { lock, PASSWORD, signedIn, signInBeside } from "./doors.mjs";
import { counts, useHouse } from "./house.mjs";

const house = useHouse({ prepare: (house) => lock(house) });
// What a refusal leaves on the console of the browser.
const allow = /\b(400|401|403|409)\b/;
const loginPage = (page) => page.getByRole("heading", { name: "Sign in to Inglenook" });
const part = (page, name) => page.locator("section", { has: page.getByRole("heading", { name, exact: true }) });

async function settled(page) {
  await page.getByRole("heading", { name: "Security", exact: true }).waitFor();
  await counts(page.locator("main .spinner"), 0);
}

test("a password is changed, a wrong one is told, and the other sessions end", house.scene({ allow }, async (page, context) => {
  const next = "another quiet reading lamp";
  await signedIn(house, page, context, "/settings/security");
  await settled(page);
  const { cookie } = await signInBeside(house);
  const form = part(page, "Change password");
  const change = form.getByRole("button", { name: "Change password" });
  await form.getByLabel("Current password").fill("not the password");
  await form.getByLabel("New password").fill(next);
  await change.click();
  await form.getByText("This is not your current password.").waitFor();
  await form.getByLabel("Current password").fill(PASSWORD);
  await change.click();
  await page.getByText("Your password was changed.").waitFor();
  await counts(page.locator(".badge", { hasText: "This one" }), 1);
  assert.equal((await house.ask("GET", "/auth/sessions", undefined, { cookie })).status, 401);
  // And back, past the page.
  const now = await signInBeside(house, { password: next });
  const back = await house.ask("POST", "/auth/password", { current: next, new: PASSWORD }, { cookie: now.cookie });
  assert.equal(back.status, 200);
  house.cookie = back.headers.get("set-cookie").split(";")[0];
  await loginPage(page).waitFor({ timeout: 4000 });
}));

test("what is said of the session from before a change of the password shuts no door", house.scene({ allow }, async (page, context) => {
  const next = "another quiet reading lamp";
  await signedIn(house, page, context, "/settings/security");
  await settled(page);
  const other = await context.newPage();
  await other.goto(house.address);
  // The page asks who is here just before, and hears it afterwards.
  let [made, free] = [() => {}, () => {}];
  const [asked, freed] = [new Promise((done) => (made = done)), new Promise((done) => (free = done))];
  const late = async (route) => {
    made();
    await freed;
    await route.fulfill({ status: 401, json: { code: "not_signed_in", error: "this session is over", status: 401 } });
  };
  await page.route("**/api/v1/auth/session", late, { times: 1 });
  await other.evaluate(() => localStorage.setItem("inglenook.door", `${Date.now()}`));
  await asked;
  const form = part(page, "Change password");
  await form.getByLabel("Current password").fill(PASSWORD);
  await form.getByLabel("New password").fill(next);
  await form.getByRole("button", { name: "Change password" }).click();
  await page.getByText("Your password was changed.").waitFor();
  const again = page.waitForResponse("**/api/v1/auth/session");
  free();
  await again;
  await counts(loginPage(page), 0);
  await counts(page.locator(".badge", { hasText: "This one" }), 1);
  const now = await signInBeside(house, { password: next });
  const back = await house.ask("POST", "/auth/password", { current: next, new: PASSWORD }, { cookie: now.cookie });
  assert.equal(back.status, 200);
  house.cookie = back.headers.get("set-cookie").split(";")[0];
}));
