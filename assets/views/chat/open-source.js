/** Opening what an answer stands on: a message in its chat, a document at the passage in the panel, a note in the settings. */
import { documentPath } from "../../lib/library-address.js";
import { go, route } from "../../lib/router.js";
import { t } from "../../lib/text.js";
import { openPanel } from "../../state/panel.js";
import { placeOf } from "../library/find-inside.js";

/** Opens the place that a citation points at. */
export function openSource(source, messageId) {
  if (!source) return;
  if (source.document_id) openPanel({ kind: "document", messageId, n: source.n, source });
  else if (tabOf()) open(pathOf(source), tabOf(), "noopener");
  else go(pathOf(source));
}

/** Where a link leads that leaves the page: to a tab of its own from a temporary chat, which ends with its page. */
export function tabOf() {
  return route.value.name === "temporary" ? "_blank" : undefined;
}

/** The address of a source. */
export function pathOf(source) {
  if (source.document_id) return source.whole ? documentPath(source.document_id) : documentPath(source.document_id, source.start, source.end);
  if (source.conversation_id) return `/c/${source.conversation_id}${source.message_id ? `?m=${source.message_id}` : ""}`;
  return "/settings/memory";
}

/** Page and heading, or what else says where it stands. */
export function sourcePlace(source) {
  if (source.whole) return t("sources.whole");
  return placeOf(source);
}

/** What opening it does, in words. */
export function openHint(source) {
  return t(source.document_id ? "sources.open_document_hint" : source.kind === "note" ? "sources.open_note_hint" : "sources.open_hint");
}
