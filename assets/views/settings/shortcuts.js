/** The shortcuts, each of which may be given other keys. */
import { keysOf } from "../../lib/keys.js";
import { t } from "../../lib/text.js";
import { say } from "../../state/notices.js";
import { keysLabel, listenToShortcuts, rebind, resetShortcuts, shortcuts } from "../../state/shortcuts.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";

/** The part `shortcuts` of the settings. */
export function ShortcutsSection() {
  const [recording, setRecording] = useState("");
  const [taken, setTaken] = useState(null);
  useEffect(() => {
    listenToShortcuts(!recording);
    return () => listenToShortcuts(true);
  }, [recording]);
  const record = (event, entry) => {
    if (recording !== entry.id || event.key === "Tab") return;
    event.preventDefault();
    const keys = keysOf(event);
    if (!keys) return;
    const holder = rebind(entry.id, keys);
    const other = holder && shortcuts.value.find(({ id }) => id === holder);
    setTaken(other ? { id: entry.id, text: t("keys.taken", { keys: keysLabel(keys), action: other.label }) } : null);
    if (!other) say(t("keys.now", { action: entry.label, keys: keysLabel(keys) }));
    setRecording("");
  };
  const changed = shortcuts.value.some((entry) => entry.keys !== entry.defaultKeys);
  return html`<p class="hint">${t("keys.intro")}</p>
    <table class="facts shortcuts">
      <thead><tr><th scope="col">${t("keys.action")}</th><th scope="col">${t("keys.keys")}</th></tr></thead>
      <tbody>${shortcuts.value.map(
        (entry) => html`<tr key=${entry.id} class=${entry.keys === entry.defaultKeys ? "" : "own"}>
          <th scope="row">${entry.label}${taken?.id === entry.id && html`<span class="wrong" role="alert">${taken.text}</span>`}</th>
          <td><button type="button" class="button small" aria-pressed=${recording === entry.id} aria-label=${t("keys.change_of", { action: entry.label, keys: keysLabel(entry.keys) })}
            onClick=${() => setRecording(recording === entry.id ? "" : entry.id)} onKeyDown=${(event) => record(event, entry)} onBlur=${() => setRecording("")}>
            ${recording === entry.id ? t("keys.press") : html`<kbd>${keysLabel(entry.keys)}</kbd>`}</button></td>
        </tr>`,
      )}</tbody>
    </table>
    <div><button type="button" class="button" disabled=${!changed} onClick=${resetShortcuts}>${t("keys.reset")}</button></div>`;
}
