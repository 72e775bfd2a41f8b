/** The list of shortcuts, straight from the table that drives them. */
import { Dialog } from "../../components/dialog.js";
import { t } from "../../lib/text.js";
import { keysLabel, shortcuts } from "../../state/shortcuts.js";
import { html } from "../../vendor/html.js";
import { signal } from "../../vendor/signals.js";

const open = signal(false);
const COMPOSER = [
  ["Enter", "shortcut.send"],
  ["Shift+Enter", "shortcut.break"],
  ["/", "shortcut.prompt"],
  ["@", "shortcut.pick_model"],
  ["#", "shortcut.name_document"],
];

/** Opens or closes the list. */
export function toggleHelp() {
  open.value = !open.value;
}

/** The dialog itself. */
export function ShortcutHelp() {
  const row = (keys, label) => html`<div class="key-row"><dt>${label}</dt><dd><kbd>${keysLabel(keys)}</kbd></dd></div>`;
  return html`<${Dialog} open=${open.value} onClose=${toggleHelp} title=${t("keys.title")}>
    <dl class="key-list">${shortcuts.value.map((entry) => row(entry.keys, entry.label))}</dl>
    <h3>${t("keys.composer")}</h3>
    <dl class="key-list">${COMPOSER.map(([keys, key]) => row(keys, t(key)))}</dl>
    <p class="hint"><a href="/settings/shortcuts" onClick=${toggleHelp}>${t("keys.change")}</a></p>
  <//>`;
}
