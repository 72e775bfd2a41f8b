// The arithmetic of passages: characters against UTF-16 units, text cut into paragraphs, snippets without Markdown signs.
import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { pathToFileURL } from "node:url";

// From a copy that says what it is: without a package.json beside them, Node takes the files of the page for scripts.
const copy = mkdtempSync(join(tmpdir(), "passages-"));
for (const name of ["characters.js", "paragraphs.js", "signs.js"]) cpSync(join(import.meta.dirname, "../../assets/lib", name), join(copy, name));
writeFileSync(join(copy, "package.json"), `{"type":"module"}`);
const load = (name) => import(pathToFileURL(join(copy, name)).href);
const { characters, sameWords, slice, unitAt } = await load("characters.js");
const { markdownHeadings, paragraphAt, paragraphs } = await load("paragraphs.js");
const { withoutSigns } = await load("signs.js");
rmSync(copy, { recursive: true });

test("offsets count characters, whatever the browser counts", () => {
  const text = "a🐚b👩‍🚀c";
  assert.equal(characters(text), [...text].length);
  for (let at = 0; at <= characters(text); at += 1) assert.equal(text.slice(0, unitAt(text, at)), [...text].slice(0, at).join(""));
  assert.equal(unitAt(text, 99), text.length);
  assert.equal(slice(text, 1, 3), "🐚b");
});

test("paragraphs join to the text again, each at its place", () => {
  const long = `${"🐚 word ".repeat(900)}end`;
  const text = `# One 🐚\n\nFirst paragraph.\n\n\n## Two\nSecond, right below.\n\n${long}`;
  const start = 1000;
  const at = (words) => start + [...text.slice(0, text.indexOf(words))].length;
  const list = paragraphs(text, start, [{ level: 1, text: "One 🐚", start }, { level: 2, text: "Two", start: at("## Two") }, { level: 2, text: "Not there", start: at("First") }], [{ page: 4, start: at("First") }]);
  assert.equal(list.map((entry) => entry.text).join(""), text);
  let next = start;
  for (const entry of list) {
    assert.equal(entry.start, next);
    assert.equal(entry.end - entry.start, [...entry.text].length);
    next = entry.end;
  }
  assert.deepEqual(list.filter((entry) => entry.level).map((entry) => [entry.level, entry.text.trim()]), [[1, "# One 🐚"], [2, "## Two"]]);
  assert.deepEqual(list.filter((entry) => entry.page !== null).map((entry) => [entry.page, entry.text.trim()]), [[4, "First paragraph."]]);
  assert.ok(list.length > 4, "a text without blank lines is cut");
  assert.ok(paragraphAt(list, at("Second")).text.startsWith("Second"));
});

test("the headings of a Markdown text are seen, but not in its code", () => {
  const text = "# 🐚 One\n\ntext # no\n\n```sh\n# a comment\n```\n\n### Two ###\n";
  assert.deepEqual(markdownHeadings(text, 10), [
    { level: 1, text: "🐚 One", start: 10 },
    { level: 3, text: "Two", start: 10 + [...text.slice(0, text.indexOf("### Two"))].length },
  ]);
});

test("a quote is the same but for blanks and where it was cut", () => {
  assert.ok(sameWords("The tide\n clock was made", "The tide clock…"));
  assert.ok(!sameWords("The tide clock", "The wind clock"));
});

test("a snippet loses its Markdown signs, and the marks stay on their words", () => {
  const cases = [
    ["…the **bold** word and `code`", "bold"],
    ["## Heading - first item - second", "first"],
    ["see [the pier](https://example.org/a) here", "pier"],
    ["![a gull](gull.png) flies", "gull"],
    ["~~old~~ __new__ *slanted*", "new"],
    ["| tide | clock | | --- | --- | | high | noon |", "noon"],
    ["snake_case_name and 5 - 3 and 2 * 3", "case"],
    ["**cut off in the mid", "mid"],
  ];
  const shown = cases.map(([text, word]) => {
    const from = text.indexOf(word);
    const { text: plain, matches } = withoutSigns(text, [[from, from + word.length]]);
    assert.equal(plain.slice(...matches[0]), word, text);
    return plain;
  });
  assert.deepEqual(shown, [
    "…the bold word and code",
    "Heading first item second",
    "see the pier here",
    "a gull flies",
    "old new slanted",
    "tide clock high noon ",
    "snake_case_name and 5 - 3 and 2 * 3",
    "cut off in the mid",
  ]);
});
