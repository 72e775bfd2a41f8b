// Makes docs/screenshots from the real executable: INGLENOOK_EXECUTABLE=path node tests/ui/screenshots.mjs
import { mkdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { answers, ask, House } from "./house.mjs";

const folder = join(import.meta.dirname, "../../docs/screenshots");
const MOST_BYTES = 150_000;

const EARLIER = [
  ["Plan a week in Lisbon", "Travel"],
  ["Why is my loop slower with iterators?", "Work"],
  ["Letter to the landlord", null],
  ["Sourdough that does not stick", "Kitchen"],
  ["Names for a small grey cat", null],
  ["Compare three note-taking apps", "Work"],
];
const QUESTION = "How does a B-tree keep its height low? Show me the split in Rust.";
const ANSWER = `A B-tree grows **at the root**, never at the leaves, so every leaf stays equally deep. With up to $m$ keys in a node, $n$ keys need a height of at most $\\log_{m/2} n$.

1. Insert into the leaf where the key belongs.
2. Is the node too full, split it in two and hand its **middle key** to the parent.
3. If the root itself splits, a new root is set above it: the only moment the tree grows.

\`\`\`rust
/// Cuts a full node in two; the middle key moves up.
fn split(node: &mut Node) -> (Key, Node) {
    let middle = node.keys.len() / 2;
    let right = Node {
        keys: node.keys.split_off(middle + 1),
        children: node.children.split_off(middle + 1),
    };
    (node.keys.pop().expect("a full node"), right)
}
\`\`\`

| keys in a node | height for a million keys | page reads |
| ---: | ---: | ---: |
| 4 | 20 | 20 |
| 512 | 3 | 3 |

That is why databases choose nodes as large as a page.`;

const TIDE = `# The tide clock of Grauvik

## How it came to be

In the winter of 1832 the clockmaker Maren Holt built a clock for the harbour that has no hours. Its single hand follows the moon and goes round once in twenty-four hours and fifty minutes, so that it stands at the top at every high water.

## How it is kept

The keeper winds it on Sundays. It loses about four minutes in a week, because the bronze of the escapement shrinks in the cold; the error is noted in the harbour book and set right at the next spring tide.

## What it shows

Fishermen read it from the quay. The left half of the dial is painted blue for the ebb, the right half green for the flood.
`;
const SHELF = [
  ["Lease agreement 2026.txt", "The rent is due on the first of each month. Notice is three months."],
  ["Bread, a notebook.md", "# Bread\n\nA wetter dough keeps longer and does not stick to a floured cloth."],
  ["Grauvik harbour book.csv", "date,error_minutes\n2026-01-04,4\n2026-01-11,3\n2026-01-18,5\n"],
  ["Letter from the archive.txt", "We have found two drawings of the dial, both unsigned."],
  ["tide.rs", "/// Minutes from one high water to the next.\nconst TIDE_MINUTES: u32 = 745;\n"],
];
const CITED = "The clock loses **about four minutes in a week**, because the bronze of its escapement shrinks in the cold. The keeper notes it and sets it right at the next spring tide [1].";

const house = new House();
await house.start();
mkdirSync(folder, { recursive: true });
house.upstream.models = ["qwen3:8b", "smollm2:1.7b"];
await house.api("PATCH", `/providers/${house.provider.id}`, { name: "Ollama" });
await house.api("GET", "/models?refresh=true");
for (const [title, place] of EARLIER.toReversed()) {
  const id = await house.chat(title, [`About "${title}".`]);
  await house.api("PATCH", `/conversations/${id}`, { folder: place, pinned: title.startsWith("Plan") });
}
house.upstream.when("B-tree", { pieces: ANSWER.match(/[^]{1,24}/g) });
house.upstream.title = "How B-trees stay shallow";

let chat = "/";
for (const [name, look] of Object.entries({
  "chat-light": { width: 1280, height: 930 },
  "chat-dark": { width: 1280, height: 930, dark: true },
  phone: { width: 390, height: 844 },
})) {
  const { page, context, complaints } = await house.visit({ ...look, path: chat });
  if (chat === "/") {
    await page.locator(".model-button", { hasText: "qwen3:8b" }).waitFor();
    await ask(page, QUESTION);
    await page.locator(".chat-row", { hasText: "How B-trees stay shallow" }).waitFor();
    chat = new URL(page.url()).pathname;
  }
  await answers(page).filter({ hasText: "That is why databases" }).waitFor();
  await page.locator(".hljs-keyword").first().waitFor();
  await page.locator(".katex").first().waitFor();
  await page.locator(".messages").evaluate((list) => (list.scrollTop = 0));
  await page.locator(".question").first().waitFor();
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  await shoot(page, name, complaints);
  await context.close();
}

/** One picture of what stands on the page now. */
async function shoot(page, name, complaints) {
  await page.evaluate(() => document.fonts.ready);
  await page.mouse.move(2, 2);
  const path = join(folder, `${name}.png`);
  await page.screenshot({ path, animations: "disabled", caret: "hide" });
  const { size } = statSync(path);
  console.log(`${name}.png: ${size} bytes`, ...complaints);
  if (size >= MOST_BYTES || complaints.length) process.exitCode = 1;
}

const papers = await house.api("POST", "/collections", { name: "Harbour" });
await house.api("POST", "/collections", { name: "Household" });
for (const [name, text] of SHELF) await house.document(name, text);
await house.document("The tide clock of Grauvik.md", TIDE, papers.id);
const { page, context, complaints } = await house.visit({ width: 1280, height: 800, path: "/library" });
await page.locator(".document-row", { hasText: "tide clock" }).waitFor();
await shoot(page, "library", complaints);
house.upstream.when("tide clock", { pieces: [CITED] });
house.upstream.title = "The error of the tide clock";
await page.goto(house.address);
await ask(page, "How much does the tide clock lose in a week, and why?");
await answers(page).filter({ hasText: "spring tide" }).waitFor();
await page.locator(".answer .cite").first().click();
await page.locator(".passage").first().waitFor();
await page.setViewportSize({ width: 1280, height: 700 });
await shoot(page, "cited-passage", complaints);
await context.close();
await house.stop();
