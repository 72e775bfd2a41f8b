/** What the shortcuts do. The same actions stand in the palette. */
import { copyText } from "../../lib/clipboard.js";
import { plainText } from "../../lib/markdown.js";
import { go, route } from "../../lib/router.js";
import { t } from "../../lib/text.js";
import { toggleSidebar } from "../../state/appearance.js";
import { stop } from "../../state/asking.js";
import { conversation, listed } from "../../state/conversations.js";
import { complain, toast } from "../../state/notices.js";
import { openPicker } from "../../state/picker.js";
import { hold } from "../../state/queue.js";
import { openPalette, paletteOpen } from "../../state/search.js";
import { handle } from "../../state/shortcuts.js";
import { stopTemporary, temporaryTurn } from "../../state/temporary.js";
import { heldThread, messageOf } from "../../state/threads.js";
import { toggleHelp } from "./shortcut-help.js";

/** Binds every action of the shortcut table. */
export function bindActions() {
  handle("search", () => (paletteOpen.value ? (paletteOpen.value = false) : openPalette()));
  handle("new_chat", startNewChat);
  handle("temporary", () => go("/temporary"));
  handle("sidebar", toggleSidebar);
  handle("library", () => go("/library"));
  handle("settings", () => go("/settings/models"));
  handle("help", toggleHelp);
  handle("copy_last", copyLastAnswer);
  handle("model", () => openPicker());
  handle("focus_composer", focusComposer);
  handle("stop", stopHere);
  handle("previous_chat", () => step(-1));
  handle("next_chat", () => step(1));
}

/** Goes to an empty chat, ready to type. */
export function startNewChat() {
  go("/");
  setTimeout(focusComposer);
}

/** Puts the cursor into the composer. */
export function focusComposer() {
  const field = document.getElementById("composer");
  field?.focus();
  return Boolean(field);
}

/** Copies a text, and says so. */
export async function copy(text) {
  try {
    await copyText(text);
    toast({ text: t("done.copied") });
  } catch {
    complain({ message: t("error.clipboard") });
  }
}

function copyLastAnswer() {
  const thread = route.value.id && heldThread(route.value.id);
  const last = thread?.path.value.toReversed().map((id) => messageOf(thread, id).value).find((message) => message.role === "assistant");
  if (last) copy(plainText(last.content));
  return Boolean(last);
}

function stopHere() {
  if (route.value.name === "temporary" && temporaryTurn.value) return stopTemporary();
  const { id } = route.value;
  if (!id || !conversation(id).value?.running_turns?.length) return false;
  hold(id);
  stop(id);
  return true;
}

function step(by) {
  const order = listed.value;
  const at = order.indexOf(route.value.id);
  const next = order[at === -1 ? 0 : at + by];
  if (next) go(`/c/${next}`);
}
