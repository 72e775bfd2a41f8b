/** Why an answer was good or bad, in the reader's words. */
import { t } from "../../lib/text.js";
import { rate } from "../../state/asking.js";
import { useEffect, useRef } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";

/** @param {{conversation: string, message: any, onDone: () => void}} props */
export function RatingNote({ conversation, message, onDone }) {
  const field = useRef(null);
  useEffect(() => field.current.focus(), []);
  const submit = async (event) => {
    event.preventDefault();
    const note = String(new FormData(event.currentTarget).get("note")).trim();
    await rate(conversation, message.id, message.rating, note || undefined);
    onDone();
  };
  return html`<form class="row rating-note" onSubmit=${submit}>
    <input ref=${field} class="input grow" name="note" autocomplete="off" maxlength="1000" defaultValue=${message.note ?? ""} aria-label=${t("rating.note")} placeholder=${t(`rating.why_${message.rating}`)} />
    <button class="button small primary">${t("action.save")}</button>
    <button type="button" class="button small quiet" onClick=${onDone}>${t("action.close")}</button>
  </form>`;
}
