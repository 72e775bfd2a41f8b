// A page that an answer wrote, shown on request: as it looks, without what runs, asks or leads away.
import assert from "node:assert/strict";
import { createServer } from "node:net";
import { test } from "node:test";
import { counts, until, useHouse } from "./house.mjs";
import { within } from "./tour.mjs";

const house = useHouse();

/** Someone outside, who would notice every connection. */
async function outside() {
  const heard = [];
  const server = createServer((socket) => {
    heard.push("a connection");
    socket.destroy();
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  server.unref();
  return { heard, address: `127.0.0.1:${server.address().port}` };
}

/** What a malicious page would try. */
function attack(address) {
  const call = `new RTCPeerConnection({iceServers:[{urls:'stun:${address}'}]})`;
  return `<!doctype html><html><head><title>Attack</title>
    <meta http-equiv="refresh" content="0;url=http://${address}/refresh">
    <base href="http://${address}/base/">
    <link rel="stylesheet" href="http://${address}/style.css"><link rel="preconnect" href="http://${address}"><link rel="dns-prefetch" href="//${address}">
    <style>@import "http://${address}/import.css"; h1 { color: rgb(1, 2, 3); background: url(http://${address}/background.png) } @font-face { font-family: x; src: url(http://${address}/font) } p { font-family: x }</style></head>
    <body onload="document.title='ran'"><h1 style="border-image: url(http://${address}/border)">It shows</h1><p>Words</p>
    <script>document.title = "ran"; fetch("http://${address}/fetch"); ${call}; parent.document.title = "ran"; location = "http://${address}/away"</script>
    <iframe srcdoc="<script>${call}</script>"></iframe><iframe src="javascript:${call}"></iframe><iframe src="http://${address}/frame"></iframe>
    <object data="http://${address}/object"></object><embed src="http://${address}/embed"><video src="http://${address}/video" poster="http://${address}/poster"></video>
    <img src="http://${address}/picture" srcset="http://${address}/set 2x" onerror="document.title='ran'"><img src="data:image/gif;base64,R0lGODlhAQABAAAAACw=" onload="document.title='ran'">
    <form action="http://${address}/form"><button autofocus onfocus="document.title='ran'">Send</button></form>
    <a id="away" href="http://${address}/link" ping="http://${address}/ping">Away</a> <a href="javascript:document.title='ran'">Run</a>
    <svg width="20" height="20"><script>document.title = "ran"</script><use href="http://${address}/use#x"/><image href="http://${address}/image" width="9" height="9"/><a href="http://${address}/svg"><text y="9">Svg</text></a><animate onbegin="document.title='ran'" attributeName="x" dur="1s"/></svg>
    <template shadowrootmode="open"><iframe src="http://${address}/shadow"></iframe></template></body></html>`;
}

test("a page in an answer is shown on request, and asks nobody", house.scene({ path: "/", allow: /Content Security Policy|violates/ }, async (page) => {
  const ear = await outside();
  const { id } = await house.api("POST", "/conversations", { title: "Artifact" });
  house.upstream.when("A page, please.", { pieces: [`Here it is.\n\n\`\`\`html\n${attack(ear.address).replace(/\n\s*/g, "\n")}\n\`\`\`\n\nDone.`] });
  await house.api("POST", `/conversations/${id}/messages`, { content: "A page, please.", stream: false, model: house.model() });
  await within(page, `/c/${id}`);
  const block = page.locator(".code-block");
  const preview = block.getByRole("button", { name: "Preview" });
  await preview.waitFor();
  assert.equal(await block.locator("iframe").count(), 0, "nothing is shown unasked");
  await preview.click();
  const frame = page.frameLocator("iframe.artifact");
  const heading = frame.getByRole("heading", { name: "It shows" });
  await heading.waitFor();
  assert.equal(await heading.evaluate((node) => getComputedStyle(node).color), "rgb(1, 2, 3)", "its styles are its own");
  await block.getByText("Its scripts do not run here").waitFor();
  await frame.getByText("Away").click();
  await frame.getByText("Svg").click({ force: true });
  await page.waitForTimeout(1000);
  assert.deepEqual(ear.heard, []);
  assert.equal(await heading.evaluate(() => document.title), "Attack");
  assert.equal(await heading.evaluate(() => document.querySelectorAll("script, iframe, object, embed, meta, base, link, form, [onload], [onerror]").length), 0);
  assert.equal(new URL(page.url()).pathname, `/c/${id}`);
  assert.notEqual(await page.title(), "ran");
  await preview.click();
  await counts(page.locator("iframe.artifact"), 0);
  await until(async () => (await block.locator("pre").isVisible()) || "the source is not shown again");
}));

test("a drawing is shown, a program is not offered", house.scene({ path: "/" }, async (page) => {
  const { id } = await house.api("POST", "/conversations", { title: "Drawing" });
  const svg = "```svg\n<svg xmlns='http://www.w3.org/2000/svg' width='90' height='60'><circle id='sun' cx='30' cy='30' r='20' fill='gold'/></svg>\n```";
  house.upstream.when("A drawing, please.", { pieces: [`${svg}\n\n\`\`\`python\nprint(1)\n\`\`\`\n\nDone.`] });
  await house.api("POST", `/conversations/${id}/messages`, { content: "A drawing, please.", stream: false, model: house.model() });
  await within(page, `/c/${id}`);
  await page.getByText("Done.").waitFor();
  await counts(page.getByRole("button", { name: "Preview" }), 1);
  await page.getByRole("button", { name: "Preview" }).click();
  await page.frameLocator("iframe.artifact").locator("#sun").waitFor();
}));
