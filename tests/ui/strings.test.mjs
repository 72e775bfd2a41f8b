// The catalogues say the same things, and the page asks for nothing that they lack.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

const assets = join(import.meta.dirname, "../../assets");

// From a copy that says what it is: without a package.json beside them, Node takes the files of the page for scripts.
const copy = mkdtempSync(join(tmpdir(), "strings-"));
cpSync(join(assets, "strings"), copy, { recursive: true });
writeFileSync(join(copy, "package.json"), `{"type":"module"}`);
const { en: first } = await import(pathToFileURL(join(copy, "en.js")).href);
// The words of a part come with it.
const { enAgents } = await import(pathToFileURL(join(copy, "en-agents.js")).href);
const { enTools } = await import(pathToFileURL(join(copy, "en-tools.js")).href);
const en = { ...first, ...enAgents, ...enTools };
const { de } = await import(pathToFileURL(join(copy, "de.js")).href);
rmSync(copy, { recursive: true });

const formsOf = (entry) => (typeof entry === "string" ? { other: entry } : entry);
const placesOf = (text) => [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]).sort();

test("German has every key that English has, and no other", () => {
  assert.deepEqual(Object.keys(de).sort(), Object.keys(en).sort());
});

test("no part says otherwise what the page says", () => {
  assert.deepEqual(Object.keys({ ...enAgents, ...enTools }).filter((key) => key in first), []);
  assert.deepEqual(Object.keys(enAgents).filter((key) => key in enTools), []);
});

test("a translation fills in the same places", () => {
  for (const key of Object.keys(en)) {
    const places = new Set(Object.values(formsOf(en[key])).flatMap(placesOf));
    for (const text of Object.values(formsOf(de[key]))) {
      for (const place of placesOf(text)) assert.ok(places.has(place), `${key}: {${place}} is not in the English text`);
    }
  }
});

test("every key that the page names is in the catalogue", () => {
  const missing = [];
  for (const file of readdirSync(assets, { recursive: true })) {
    if (!file.endsWith(".js") || /^(vendor|frames|strings)\b/.test(file)) continue;
    const text = readFileSync(join(assets, file), "utf8");
    for (const [, key] of text.matchAll(/\bt\("([\w.]+)"/g)) if (!(key in en)) missing.push(`${file}: ${key}`);
  }
  assert.deepEqual(missing, []);
});
