/** Notes: each can be read, changed and deleted. */
import { Icon } from "../../components/icon.js";
import { Moment } from "../../components/moment.js";
import { route } from "../../lib/router.js";
import { t } from "../../lib/text.js";
import { addNote, changeNote, loadNotes, notes, removeNote } from "../../state/notes.js";
import { complain } from "../../state/notices.js";
import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { Loading, useLoading } from "./loading.js";

const LONGEST = 4000;

/** The list, with a field for another note. */
export function NotesList() {
  const state = useLoading(loadNotes);
  const wanted = route.value.query.get("note");
  if (!notes.value) return html`<${Loading} state=${state} />`;
  return html`<p class="hint">${t("notes.intro")}</p><${NewNote} />
    ${notes.value.length === 0
      ? html`<p class="empty">${t("notes.none")}</p>`
      : html`<ul class="plain stack tight">${notes.value.map((note) => html`<li key=${note.id}><${Note} note=${note} wanted=${note.id === wanted} /></li>`)}</ul>`}`;
}

function NewNote() {
  const [busy, setBusy] = useState(false);
  const submit = async (event) => {
    event.preventDefault();
    const form = event.currentTarget;
    const text = String(new FormData(form).get("text")).trim();
    if (!text) return;
    setBusy(true);
    await addNote(text).then(() => form.reset(), complain);
    setBusy(false);
  };
  return html`<form class="row" onSubmit=${submit}>
    <input class="input grow" name="text" maxlength=${LONGEST} autocomplete="off" dir="auto" aria-label=${t("notes.new")} placeholder=${t("notes.new")} />
    <button class="button" disabled=${busy}>${t("action.add")}</button>
  </form>`;
}

function Note({ note, wanted }) {
  const [editing, setEditing] = useState(false);
  const box = useRef(null);
  useEffect(() => {
    if (wanted) box.current.scrollIntoView({ block: "center" });
  }, [wanted]);
  const save = async (event) => {
    event.preventDefault();
    const text = String(new FormData(event.currentTarget).get("text")).trim();
    if (!text) return;
    await changeNote(note.id, text).then(() => setEditing(false), complain);
  };
  const onKeyDown = (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    setEditing(false);
  };
  if (editing) {
    return html`<form class="card stack tight" onSubmit=${save} onKeyDown=${onKeyDown}>
      <textarea class="input" name="text" rows="3" dir="auto" maxlength=${LONGEST} aria-label=${t("notes.edit")} ref=${(field) => field && !field.dataset.met && ((field.dataset.met = "1"), field.focus())}>${note.text}</textarea>
      <div class="row end"><button type="button" class="button small" onClick=${() => setEditing(false)}>${t("action.cancel")}</button><button class="button small primary">${t("action.save")}</button></div>
    </form>`;
  }
  return html`<div ref=${box} class=${`card row note-card ${wanted ? "wanted" : ""}`}>
    <div class="grow"><p class="note-text" dir="auto">${note.text}</p>
      <p class="hint"><${Moment} at=${note.created_at} />${note.conversation_id && html` · <a href=${`/c/${note.conversation_id}${note.message_id ? `?m=${note.message_id}` : ""}`}>${t("notes.from_chat")}</a>`}</p></div>
    <button type="button" class="icon-button" aria-label=${t("notes.edit")} title=${t("notes.edit")} onClick=${() => setEditing(true)}><${Icon} name="edit" /></button>
    <button type="button" class="icon-button" aria-label=${t("notes.delete")} title=${t("notes.delete")} onClick=${() => removeNote(note.id)}><${Icon} name="trash" /></button>
  </div>`;
}
