/** Files on their way into a question: by button, dropped on the message field, or pasted. Elsewhere a drop goes to the library. */
import { ATTACHMENTS_MAX_BYTES, fileKind, readAttachment } from "../../lib/files.js";
import { carriesFiles } from "../../lib/dropped.js";
import { t } from "../../lib/text.js";
import { useRef, useState } from "../../vendor/hooks.js";

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
    drops: wanted ? dropHandlers(add, setOver) : {},
    drop: (entry) => setList(list.filter((other) => other !== entry)),
    clear: () => (setList([]), setProblem(null)),
    restore: (entries) => setList((now) => (now.length ? now : entries)),
  };
}

/** What the message field needs to take a drop. */
function dropHandlers(add, setOver) {
  return {
    onDragOver: (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      setOver(true);
    },
    onDragLeave: (event) => event.currentTarget.contains(event.relatedTarget) || setOver(false),
    onDrop: (event) => {
      if (!carriesFiles(event)) return;
      event.preventDefault();
      setOver(false);
      add(event.dataTransfer.files);
    },
  };
}
