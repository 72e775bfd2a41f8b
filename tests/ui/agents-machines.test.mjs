// Several machines on the Agents page, joined by a real Redis server, which is killed and started again.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { barriers, settle, wide } from "./bus.mjs";
import { counts, House } from "./house.mjs";

const here = new House();
const there = new House();
const skip = spawnSync("redis-server", ["--version"]).error ? "no redis-server" : false;
const folder = mkdtempSync(join(tmpdir(), "inglenook-redis-"));
let port = 0;
let redis = null;

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port: free } = /** @type {import("node:net").AddressInfo} */ (server.address());
      server.close(() => resolve(free));
    });
  });
const startRedis = () => {
  redis = spawn("redis-server", ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--appendonly", "yes"], { cwd: folder, stdio: "ignore" });
};

before(async () => {
  if (skip) return;
  port = await freePort();
  startRedis();
  const settings = { REDIS_URL: `redis://127.0.0.1:${port}`, REDIS_TIMEOUT_SECONDS: "2", REDIS_PRESENCE_SECONDS: "2" };
  await Promise.all([here, there].map((house) => house.start(false, settings)));
});
after(async () => {
  redis?.kill("SIGKILL");
  if (!skip) await Promise.all([here, there].map((house) => house.stop()));
  rmSync(folder, { recursive: true, force: true });
});

test("every machine is listed, and Redis that is away is said, until it is back", { skip }, here.scene({ path: "/agents" }, async (page) => {
  const machines = page.getByRole("region", { name: "Machines" });
  await counts(machines.getByRole("listitem"), 2);
  await counts(machines.getByText("This one"), 1);
  await there.api("POST", "/send", { from: "gull", to: "mole", text: "From the other machine" });
  await page.locator(".clients tbody tr", { hasText: "gull" }).waitFor();
  await settle(page);
  assert.deepEqual(await barriers(page), []);
  assert.equal(await wide(page), "");
  redis.kill("SIGKILL");
  await machines.getByText("Redis does not answer.").waitFor();
  await here.api("POST", "/send", { from: "wren", to: "mole", text: "Kept here meanwhile" });
  await machines.getByText("to be passed on.").waitFor();
  assert.deepEqual(await barriers(page), []);
  startRedis();
  await counts(machines.getByText("Redis does not answer."), 0);
  await counts(machines.getByRole("listitem"), 2);
}));

test("the machines fit a phone", { skip }, here.scene({ path: "/agents", width: 360, dark: true }, async (page) => {
  await counts(page.getByRole("region", { name: "Machines" }).getByRole("listitem"), 2);
  await settle(page);
  assert.deepEqual(await barriers(page), []);
  assert.equal(await wide(page), "");
}));
