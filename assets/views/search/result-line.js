/** One thing that was found. */
import { Icon } from "../../components/icon.js";
import { Moment } from "../../components/moment.js";
import { Snippet } from "../../components/snippet.js";
import { logPath } from "../../lib/bus-address.js";
import { documentPath } from "../../lib/library-address.js";
import { withoutSigns } from "../../lib/signs.js";
import { t } from "../../lib/text.js";
import { html } from "../../vendor/html.js";
import { placeOf } from "../library/find-inside.js";

const ICONS = { conversation: "chat", message: "text", document: "file", passage: "book", note: "note", agents: "agents" };

/** Where a result leads. */
export function resultPath(item) {
  if (item.kind === "message") return `/c/${item.conversation_id}?m=${item.id}`;
  if (item.kind === "document") return documentPath(item.id);
  if (item.kind === "passage") return documentPath(item.document_id, item.start, item.end);
  if (item.kind === "agents") return logPath({}, item.id);
  if (item.kind === "note") return `/settings/memory?note=${item.id}`;
  return `/c/${item.conversation_id ?? item.id}`;
}

/** What tells results apart: a document may be found at several places. */
export function resultKey(item) {
  return `${item.kind}${item.id}${item.start ?? ""}`;
}

/** @param {{item: any}} props */
export function ResultLine({ item }) {
  const { kind, title, snippet, created_at } = item;
  // A chat or a document found by its title, a note by its text: the title itself carries the marks.
  const byTitle = kind !== "message" && kind !== "passage" && (kind === "note" || snippet?.text === title);
  const place = kind === "passage" ? placeOf(item) : "";
  const shown = snippet?.text && (byTitle ? snippet : withoutSigns(snippet.text, snippet.matches));
  return html`<${Icon} name=${ICONS[kind] ?? "text"} />
    <span class="grow result">
      <span class="result-title cut" dir="auto">${byTitle && shown ? html`<${Snippet} text=${shown.text} matches=${shown.matches} />` : title || t("chat.untitled")}${place && html`<span class="hint result-place"> ${place}</span>`}</span>
      ${!byTitle && shown && html`<span class="hint result-text" dir="auto"><${Snippet} text=${shown.text} matches=${shown.matches} /></span>`}
    </span>
    <${Moment} at=${created_at} />`;
}
