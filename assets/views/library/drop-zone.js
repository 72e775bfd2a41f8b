/** Files may be dropped anywhere, or pasted into the library: they go there. On the message field they belong to the question alone. */
import { Icon } from "../../components/icon.js";
import { carriesFiles, filesOf } from "../../lib/dropped.js";
import { viewOf } from "../../lib/library-address.js";
import { route } from "../../lib/router.js";
import { t } from "../../lib/text.js";
import { complain, toast } from "../../state/notices.js";
import { addFiles } from "../../state/uploads.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";

/** The sheet over the window while files are dragged. */
export function DropZone() {
  const [over, setOver] = useState(false);
  useEffect(() => watch(setOver), []);
  if (!over) return null;
  const chat = ["home", "conversation"].includes(route.value.name);
  return html`<div class="drop-zone" aria-hidden="true"><div class="drop-zone-text">
    <${Icon} name="upload" class="large" /><strong>${t("drop.title")}</strong><span>${t(chat ? "drop.chat" : "drop.text")}</span>
  </div></div>`;
}

function watch(setOver) {
  const onOver = (event) => {
    if (!carriesFiles(event)) return;
    event.preventDefault();
    setOver(true);
  };
  const onLeave = (event) => event.relatedTarget === null && setOver(false);
  const onDrop = async (event) => {
    setOver(false);
    // The message field took it.
    if (event.defaultPrevented || !carriesFiles(event)) return;
    event.preventDefault();
    const { name, query } = route.peek();
    const found = filesOf(event.dataTransfer);
    try {
      const files = await found;
      addFiles(files, name === "library" ? collectionOf(query) : null);
      if (name !== "library" && files.length) toast({ text: t("drop.taken", { n: files.length }) });
    } catch {
      complain({ message: t("drop.unreadable") });
    }
  };
  const onPaste = (event) => {
    const { name, query } = route.peek();
    const files = [...(event.clipboardData?.files ?? [])];
    if (event.defaultPrevented || name !== "library" || !files.length) return;
    event.preventDefault();
    addFiles(files, collectionOf(query));
  };
  /** @type {[string, (event: any) => void][]} */
  const pairs = [
    ["paste", onPaste],
    ["dragover", onOver],
    ["dragleave", onLeave],
    ["drop", onDrop],
  ];
  for (const [name, then] of pairs) addEventListener(name, then);
  return () => {
    for (const [name, then] of pairs) removeEventListener(name, then);
  };
}

/** The collection that is looked at, or null. */
function collectionOf(query) {
  const { collection } = viewOf(query);
  return collection === "none" ? null : collection;
}
