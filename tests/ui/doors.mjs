// Passwords and people: what the tests of signing in begin with.
import assert from "node:assert/strict";
import { until } from "./house.mjs";

export const PASSWORD = "a quiet reading lamp";

/** Sets the owner's password with the link that the terminal printed; the house asks as the owner from then on. */
export async function lock(house, password = PASSWORD) {
  const { cookie } = await redeem(house, await setupClaim(house), password);
  house.cookie = cookie;
}

/** The claim in the link that the terminal printed. */
export async function setupClaim(house) {
  await until(() => Boolean(house.setupLink) || "the terminal printed no link");
  return house.setupLink.split("#")[1];
}

/** Somebody with a password: `{id, name, password, cookie}`. */
export async function person(house, name, role = "member") {
  const { user, claim } = await house.api("POST", "/users", { name, role });
  const { cookie } = await redeem(house, claim, PASSWORD);
  return { id: user.id, name, password: PASSWORD, cookie };
}

/** A session of the owner beside the house's own. */
export async function signInBeside(house, body = { password: PASSWORD }, agent = "node") {
  return taken(await house.ask("POST", "/auth/login", body, { "user-agent": agent }));
}

async function redeem(house, claim, password) {
  return taken(await house.ask("POST", "/auth/password", { claim, new: password }));
}

async function taken(response) {
  const body = await response.json();
  assert.equal(response.status, 200, JSON.stringify(body));
  return { ...body, cookie: response.headers.get("set-cookie").split(";")[0] };
}

/** Fills in the page that asks for the password. */
export async function enter(page, { name, password = PASSWORD } = {}) {
  const field = page.getByLabel("Password", { exact: true });
  await field.waitFor();
  if (name !== undefined) await page.getByRole("textbox", { name: /^Name/ }).fill(name);
  await field.fill(password);
  await page.keyboard.press("Enter");
}

/** Gives a browser a session, so that a test begins signed in. */
export async function carry(house, context, cookie) {
  const [name, value] = cookie.split(/=(.*)/);
  await context.addCookies([{ name, value, url: house.address, httpOnly: true, sameSite: "Strict" }]);
}

/** A signed-in page at a path. */
export async function signedIn(house, page, context, path = "/", who = { password: PASSWORD }) {
  const { cookie } = await signInBeside(house, who, await page.evaluate(() => navigator.userAgent));
  await carry(house, context, cookie);
  await page.goto(house.address + path);
  await page.locator(".shell").waitFor();
}
