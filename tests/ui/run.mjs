// Runs the browser tests: INGLENOOK_EXECUTABLE=path node tests/ui/run.mjs [part of a file's or a test's name]
// One line a test, the reasons of what failed, and at the end `N passed, N failed`. Ends with 1 when something failed.
import { existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { run } from "node:test";

const LIMIT_MS = 600_000;
const AT_ONCE = 2;
const here = import.meta.dirname;
const filter = process.argv[2] ?? "";

const executable = process.env.INGLENOOK_EXECUTABLE;
if (!executable || !existsSync(executable)) {
  console.error("INGLENOOK_EXECUTABLE must name the executable that is tested");
  process.exit(2);
}

const all = readdirSync(here).filter((name) => name.endsWith(".test.mjs")).sort();
const named = all.filter((name) => name.includes(filter));
const files = (named.length ? named : all).map((name) => join(here, name));
const stop = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => stop.abort());

const started = Date.now();
let passed = 0;
const failed = [];
const patterns = filter && !named.length ? { testNamePatterns: [new RegExp(RegExp.escape?.(filter) ?? filter)] } : {};

const seconds = (ms) => `${(ms / 1000).toFixed(1)} s`;
// A file is reported as a test of its own where it holds none that ran; that is no test of ours.
const ours = ({ name, details }) => details?.type !== "suite" && !name.endsWith(".test.mjs");

run({ files, concurrency: AT_ONCE, timeout: LIMIT_MS, signal: stop.signal, ...patterns })
  .on("test:pass", (event) => {
    if (!ours(event) || event.skip !== undefined) return;
    passed += 1;
    console.log(`ok    ${event.name} (${seconds(event.details.duration_ms)})`);
  })
  .on("test:fail", (event) => {
    const { name, details, file } = event;
    failed.push(name);
    console.log(`FAIL  ${name} (${basename(file ?? name)}, ${seconds(details.duration_ms)})`);
    const cause = details.error?.cause ?? details.error;
    console.log(String(cause?.stack ?? cause?.message ?? cause).replace(/^/gm, "        "));
  })
  // What went wrong outside of any test, as after one had ended.
  .on("test:diagnostic", ({ message }) => /^(Error|Warning):/.test(message) && console.log(`        ${message}`))
  .on("test:stderr", ({ message }) => process.stderr.write(message))
  .on("end", () => {
    if (failed.length) console.log(`\nfailed:\n${failed.map((name) => `  ${name}`).join("\n")}`);
    console.log(`\nin ${seconds(Date.now() - started)}`);
    console.log(`${passed} passed, ${failed.length} failed`);
    process.exitCode = failed.length || !passed || stop.signal.aborted ? 1 : 0;
  })
  .resume();
