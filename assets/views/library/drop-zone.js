/** Files may be dropped anywhere: they go to the library. On the message field they belong to the question alone. */
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
    const { collection } = viewOf(query);
    const found = filesOf(event.dataTransfer);
    try {
      const files = await found;
      addFiles(files, name === "library" && collection !== "none" ? collection : null);
      if (name !== "library" && files.length) toast({ text: t("drop.taken", { n: files.length }) });
    } catch {
      complain({ message: t("drop.unreadable") });
    }
  };
  /** @type {[string, (event: any) => void][]} */
  const pairs = [
    ["dragover", onOver],
    ["dragleave", onLeave],
    ["drop", onDrop],
  ];
  for (const [name, then] of pairs) addEventListener(name, then);
  return () => {
    for (const [name, then] of pairs) removeEventListener(name, then);
  };
}
