// Every part of the Agents page with something on it: no barrier, nothing too wide.
import assert from "node:assert/strict";
import { test } from "node:test";
import { barriers, listen, say, settle, wide } from "./bus.mjs";
import { until, useHouse } from "./house.mjs";
import { within } from "./tour.mjs";

let message = "";
// What nobody acknowledges would be delivered again, which is news.
const house = useHouse({ settings: { RATE_LIMIT_BUS: "0", ACK_TIMEOUT_SECONDS: "600" }, prepare });

/** Somebody connected, somebody with a queue, a thread, and words of every length. */
async function prepare() {
  await listen(house, "lighthouse");
  const { message_id: question } = await say(house, { from: "keeper", to: ["lighthouse", "a-name-as-long-as-names-may-be-".padEnd(64, "x")], type: "question", text: "Is the lamp lit? ".repeat(20), require_ack: true });
  ({ message_id: message } = await say(house, { from: "lighthouse", to: "keeper", type: "answer", payload: { lit: true, since: [1, 2, 3] }, reply_to: question, priority: 1 }));
  await say(house, { from: "keeper", to: "all", text: "Good night" });
}

for (const look of [360, 1280].flatMap((width) => [false, true].map((dark) => ({ width, dark })))) {
  test(`no part has a barrier or is too wide (${look.width} px${look.dark ? ", dark" : ""})`, house.scene({ path: "/agents", height: 800, allow: /404/, ...look }, async (page) => {
    const found = [];
    for (const path of ["", "/clients/lighthouse", "/clients/nobody-ever", "/log", "/log?to=nobody", `/log/${message}`, "/send", "/tokens", "/connect"]) {
      await within(page, `/agents${path}`);
      await settle(page);
      for (const barrier of await barriers(page)) found.push(`${path}: ${barrier}`);
      const over = await wide(page);
      if (over) found.push(`${path}: ${over}`);
    }
    assert.deepEqual(found, []);
  }));
}

test("while nothing happens, nothing is fetched", house.scene({ path: "/agents" }, async (page) => {
  for (const path of ["", "/clients/lighthouse", "/log", `/log/${message}`]) {
    await page.goto(`${house.address}/agents${path}`);
    await settle(page);
    let asked = [];
    let last = Date.now();
    page.on("request", (request) => {
      if (!/\/api\/v1\/(clients|messages|search|webhooks)/.test(request.url())) return;
      asked.push(request.url());
      last = Date.now();
    });
    // What happened just before may still be told.
    await until(() => Date.now() - last > 1000 || `${path} still asks for ${asked.at(-1)}`);
    asked = [];
    await page.waitForTimeout(1500);
    page.removeAllListeners("request");
    assert.deepEqual(asked, [], path);
  }
}));
