// What every browser test needs: the real executable over a folder of its own, a model server, a browser, and pages
// whose complaints fail the test.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before } from "node:test";
import { chromium } from "playwright-core";
import { startUpstream } from "./upstream.mjs";

const PATIENCE_MS = 30_000;
// With `INGLENOOK_UI_LATE_MS=400` every answer is so late: finds what only works where it comes before the feed's word of it.
const LATE_MS = Number(process.env.INGLENOOK_UI_LATE_MS ?? 0);
const ROOT = join(import.meta.dirname, "../..");
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const SETTINGS = { PORT: "0", OPEN_BROWSER: "false", RATE_LIMIT_API: "0", RATE_LIMIT_CHAT: "0", RATE_LIMIT_LOGIN: "0", RETRY_BASE_MS: "10", RETRY_MAX_MS: "20" };

const running = new Set();
const folders = new Set();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => process.exit(1));

/** Starts everything before the tests of a file and ends it after them. `provider: false`: no model is connected; `prepare`: what then stands ready. */
export function useHouse({ provider = true, settings = {}, prepare = async (_house) => {} } = {}) {
  const house = new House();
  before(async () => {
    await house.start(provider, settings);
    await prepare(house);
  });
  after(() => house.stop());
  return house;
}

export class House {
  async start(provider = true, settings = {}) {
    this.settings = settings;
    this.folder = mkdtempSync(join(tmpdir(), "inglenook-ui-"));
    folders.add(this.folder);
    this.configFile = join(this.folder, "config.sh");
    writeFileSync(this.configFile, "");
    const options = { executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: FLAGS };
    [this.upstream, this.browser] = await Promise.all([startUpstream(), chromium.launch(options), this.#serve(settings)]);
    if (provider) this.provider = await this.api("POST", "/providers", { kind: "openai", name: "Hearth", base_url: this.upstream.address });
    if (provider) await this.api("GET", "/models?refresh=true");
  }

  async #serve(settings) {
    const env = { PATH: process.env.PATH, HOME: this.folder, INGLENOOK_DATA_DIR: join(this.folder, "data") };
    for (const [key, value] of Object.entries({ ...SETTINGS, ...settings })) env[`INGLENOOK_${key}`] = value;
    const child = spawn(process.env.INGLENOOK_EXECUTABLE, ["--config", this.configFile], { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
    running.add(child);
    this.server = child;
    let said = "";
    child.stderr.on("data", (data) => (said = (said + data).slice(-4000)));
    this.address = await new Promise((resolve, reject) => {
      let out = "";
      child.stdout.on("data", (data) => {
        out += data;
        // The line after the address, while there is no password.
        this.setupLink = out.match(/http:\/\/\S+\/setup#\S+/)?.[0] ?? null;
        const found = out.match(/listening on (http:\/\/\S+)/);
        if (found) resolve(found[1]);
      });
      child.on("exit", (code) => reject(new Error(`the executable ended with ${code}: ${said}`)));
    });
  }

  /** Ends the server, does what is to be done meanwhile, and starts it again at the same address. */
  async restart(meanwhile) {
    await this.#end();
    await meanwhile();
    await this.#serve({ ...this.settings, PORT: new URL(this.address).port });
  }

  async #end() {
    if (!this.server || this.server.exitCode !== null) return;
    const gone = new Promise((resolve) => this.server.on("exit", resolve));
    this.server.kill("SIGTERM");
    const late = setTimeout(() => this.server.kill("SIGKILL"), 5000);
    await gone;
    clearTimeout(late);
    running.delete(this.server);
  }

  async stop() {
    await this.browser?.close();
    this.upstream?.stop();
    await this.#end();
    if (this.folder) rmSync(this.folder, { recursive: true, force: true });
  }

  /** Asks the server past the page, as whoever `doors.mjs` signed in last. */
  async api(method, path, body) {
    const response = await this.ask(method, path, body, { cookie: this.cookie ?? "" });
    const text = await response.text();
    assert.ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
    return text ? JSON.parse(text) : null;
  }

  /** The same, answered with whatever it is. */
  ask(method, path, body, headers = {}) {
    return fetch(`${this.address}/api/v1${path}`, { method, headers: { "content-type": "application/json", ...headers }, body: body && JSON.stringify(body) });
  }

  /** A chat with one question and its finished answer. */
  async chat(question, answer) {
    const { id } = await this.api("POST", "/conversations", { title: question });
    if (answer) this.upstream.when(question, { pieces: answer });
    await this.api("POST", `/conversations/${id}/messages`, { content: question, stream: false, model: this.model() });
    return id;
  }

  /** A document of some text, read to the end; answers its id. */
  async document(name, text, collection_id = undefined) {
    const { items } = await this.api("POST", "/documents", { name, text, collection_id });
    const { id } = items[0].document;
    await until(async () => {
      const { state } = await this.api("GET", `/documents/${id}`);
      return state === "ready" || `${name} is ${state}`;
    }, 2 * PATIENCE_MS);
    return id;
  }

  /** Waits until a document of this name is ready. */
  ready(name) {
    return until(async () => {
      const { items } = await this.api("GET", `/documents?query=${encodeURIComponent(name)}`);
      const state = items.find((item) => item.name === name)?.state ?? "not there";
      return state === "ready" || `${name} is ${state}`;
    }, 2 * PATIENCE_MS);
  }

  /** A folder of this machine with some files in it. */
  shelf(files) {
    const folder = join(this.folder, "shelf");
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return folder;
  }

  model(name = this.upstream.models[0]) {
    return `${this.provider.id}/${name}`;
  }

  /**
   * A test with a browser profile of its own: fn(page, context). What a page complains of fails it.
   * @param {{path?: string, found?: any[], allow?: RegExp, width?: number, height?: number, dark?: boolean}} [look]
   *   `found`: the model servers that this machine seems to have; `allow`: complaints that are meant to be
   */
  scene(look, fn) {
    if (typeof look === "function") return this.scene({}, look);
    return async () => {
      const { context, page, complaints } = await this.visit(look);
      try {
        await fn(page, context);
      } catch (error) {
        if (process.env.SHOTS) await page.screenshot({ path: join(process.env.SHOTS, `${Date.now()}.png`) }).catch(() => {});
        if (complaints.length) error.message += `\nthe page complained: ${complaints.join("\n")}`;
        throw error;
      } finally {
        this.upstream.release();
        // An answer that a test is still making up would fail the whole file.
        await Promise.all([context, ...context.pages()].map((routed) => routed.unrouteAll({ behavior: "ignoreErrors" })));
        await context.close();
      }
      assert.deepEqual(complaints, []);
    };
  }

  async visit({ path = "/", found = [], allow, width = 1280, height = 800, dark = false, scale = 1 } = {}) {
    const context = await this.browser.newContext({ viewport: { width, height }, deviceScaleFactor: scale, colorScheme: dark ? "dark" : "light", locale: "en-GB", reducedMotion: "reduce" });
    context.setDefaultTimeout(PATIENCE_MS);
    const complaints = [];
    const complain = (text) => allow?.test(text) || complaints.push(text);
    context.on("page", (page) => {
      page.on("console", (message) => ["error", "warning"].includes(message.type()) && complain(`${message.text()} ${message.location().url}`));
      page.on("pageerror", (error) => complain(error.stack ?? error.message));
      page.on("dialog", (dialog) => (complain(`dialog: ${dialog.message()}`), dialog.dismiss()));
    });
    context.on("request", (request) => {
      if (/^https?:/.test(request.url()) && new URL(request.url()).origin !== this.address) complain(`asked ${request.url()}`);
    });
    if (LATE_MS) await context.route("**/api/v1/**", late);
    await context.route("**/api/v1/providers/found*", (route) => route.fulfill({ json: { items: found, next_cursor: null } }));
    const page = await context.newPage();
    await page.goto(this.address + path);
    // Keys are heard once the page is drawn; some tests are about one that never is.
    await page.locator("#main, .door").first().waitFor({ state: "attached", timeout: 5000 }).catch(() => {});
    return { context, page, complaints };
  }
}

/** Holds an answer back, so that the feed is ahead of it. A stream comes as it comes. */
async function late(route) {
  const { accept = "", "content-type": type = "" } = route.request().headers();
  if (/event-stream|multipart/.test(accept + type)) return route.fallback();
  const response = await route.fetch({ maxRedirects: 0 }).catch(() => null);
  await new Promise((resolve) => setTimeout(resolve, LATE_MS));
  // The page may have gone meanwhile.
  return (response ? route.fulfill({ response }) : route.abort()).catch(() => {});
}

/** Writes a question and sends it. */
export async function ask(page, question) {
  await page.locator("#composer").fill(question);
  await page.keyboard.press("Enter");
}

export const answers = (page) => page.locator(".answer .prose");
export const questions = (page) => page.locator(".question .bubble");

/** Waits until a locator shows exactly this text. */
export function shows(locator, text) {
  return until(async () => {
    const now = await locator.innerText({ timeout: 1000 }).catch(() => null);
    return now?.trim() === text || `shows ${JSON.stringify(now)} instead of ${JSON.stringify(text)}`;
  });
}

/** Waits until a locator finds so many. */
export function counts(locator, n) {
  return until(async () => {
    const now = await locator.count();
    return now === n || `${locator} finds ${now} instead of ${n}`;
  });
}

/** Asks again and again until the answer is true; the last other answer is the reason of the failure. */
export async function until(check, patience = PATIENCE_MS) {
  const end = Date.now() + patience;
  for (;;) {
    const now = await check();
    if (now === true) return;
    if (Date.now() > end) assert.fail(`waited in vain: ${now}`);
    await new Promise((resolve) => setTimeout(resolve, 40));
  }
}
