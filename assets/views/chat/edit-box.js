/** A text being changed in place. Ctrl+Enter saves, Escape leaves. */
import { t } from "../../lib/text.js";
import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";

/** @param {{text: string, label: string, hint: string, action: string, onSave: (text: string) => any, onCancel: () => void}} props */
export function EditBox({ text, label, hint, action, onSave, onCancel }) {
  const field = useRef(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    field.current.focus();
    field.current.setSelectionRange(text.length, text.length);
  }, []);
  const save = async () => {
    const next = field.current.value.trim();
    if (!next) return;
    setBusy(true);
    await onSave(next);
    setBusy(false);
  };
  const onKeyDown = (event) => {
    if (event.key === "Escape") onCancel();
    else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) save();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  return html`<div class="edit-box">
    <textarea ref=${field} class="input" dir="auto" aria-label=${label} rows=${Math.min(24, text.split("\n").length + 2)} onKeyDown=${onKeyDown}>${text}</textarea>
    <div class="row wrap">
      <span class="hint grow">${hint}</span>
      <button type="button" class="button small" onClick=${onCancel}>${t("action.cancel")}</button>
      <button type="button" class="button small primary" disabled=${busy} onClick=${save}>${action}</button>
    </div>
  </div>`;
}
