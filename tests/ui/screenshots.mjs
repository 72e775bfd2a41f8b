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
  await page.evaluate(() => document.fonts.ready);
  await page.mouse.move(2, 2);
  await page.locator(".messages").evaluate((list) => (list.scrollTop = 0));
  await page.locator(".question").first().waitFor();
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  const path = join(folder, `${name}.png`);
  await page.screenshot({ path, animations: "disabled", caret: "hide" });
  const { size } = statSync(path);
  console.log(`${name}.png: ${size} bytes`, ...complaints);
  if (size >= MOST_BYTES || complaints.length) process.exitCode = 1;
  await context.close();
}
await house.stop();
