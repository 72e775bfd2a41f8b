/** Files on their way into a question: by button, by drop anywhere on the page, or pasted. */
import { ATTACHMENTS_MAX_BYTES, fileKind, readAttachment } from "../../lib/files.js";
import { t } from "../../lib/text.js";
import { useEffect, useRef, useState } from "../../vendor/hooks.js";

const PASTE_AS_FILE_CHARACTERS = 8000;

/** @param {boolean} wanted whether this chat takes files */
export function useAttachments(wanted) {
  const [list, setList] = useState([]);
  const [problem, setProblem] = useState(null);
  const [over, setOver] = useState(false);
  const held = useRef(list);
  held.current = list;

  const add = async (files) => {
    const refused = [];
    let next = held.current;
    for (const file of [...files]) {
      const size = next.reduce((sum, entry) => sum + entry.size, 0) + file.size;
      if (!fileKind(file)) refused.push(t("attach.wrong_kind", { name: file.name }));
      else if (size > ATTACHMENTS_MAX_BYTES) refused.push(t("attach.too_large", { name: file.name, limit: Math.round(ATTACHMENTS_MAX_BYTES / 1000) }));
      else next = [...next.filter((entry) => entry.name !== file.name), await readAttachment(file)];
    }
    setList(next);
    setProblem(refused.join(" ") || null);
  };

  useEffect(() => (wanted ? watchDrops(add, setOver) : undefined), [wanted]);

  const onPaste = (event) => {
    if (!wanted) return;
    const files = [...event.clipboardData.files];
    const text = event.clipboardData.getData("text/plain");
    if (!files.length && text.length < PASTE_AS_FILE_CHARACTERS) return;
    event.preventDefault();
    add(files.length ? files : [new File([text], `${t("attach.pasted")} ${held.current.length + 1}.txt`, { type: "text/plain" })]);
  };
  return {
    list,
    problem,
    over,
    add,
    onPaste,
    drop: (entry) => setList(list.filter((other) => other !== entry)),
    clear: () => (setList([]), setProblem(null)),
    restore: (entries) => setList((now) => (now.length ? now : entries)),
  };
}

/** Files may be dropped anywhere on the page. */
function watchDrops(add, setOver) {
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  const onOver = (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    setOver(true);
  };
  const onLeave = (event) => event.relatedTarget === null && setOver(false);
  const onDrop = (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    setOver(false);
    add(event.dataTransfer.files);
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
