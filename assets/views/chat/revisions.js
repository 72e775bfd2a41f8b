/** What an answer said before it was edited. An earlier text can be put back, which is one more edit. */
import { Dialog } from "../../components/dialog.js";
import { Markdown } from "../../lib/markdown.js";
import { t } from "../../lib/text.js";
import { exact, toSecond } from "../../lib/time.js";
import { amend, loadRevisions } from "../../state/asking.js";
import { reasonOf } from "../../state/notices.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";

const NONE = [];

/** @param {{conversation: string, message: any, onClose: () => void}} props */
export function Revisions({ conversation, message, onClose }) {
  const [texts, setTexts] = useState(/** @type {any[]|null} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  // Whoever edits elsewhere meanwhile adds one.
  useEffect(() => void loadRevisions(conversation, message.id).then(setTexts, setError), [message.edited_at]);
  const back = async (content) => {
    if (await amend(conversation, message, content, t("revisions.done"))) onClose();
  };
  return html`<${Dialog} open title=${t("revisions.title")} wide onClose=${onClose}>
    <div class="stack">
      <p class="hint">${t("revisions.intro")}</p>
      ${error && html`<p class="test bad" role="alert">${reasonOf(error)}</p>`}
      ${!texts && !error && html`<p class="empty"><span class="spinner" role="img" aria-label=${t("list.loading")}></span></p>`}
      ${texts?.length === 0 && html`<p>${t("revisions.none")}</p>`}
      ${texts?.map((one) => html`<${Earlier} key=${one.replaced_at} text=${one} same=${one.content === message.content} onBack=${() => back(one.content)} />`)}
    </div>
  <//>`;
}

function Earlier({ text: { content, created_at, replaced_at }, same, onBack }) {
  const when = t("revisions.time", { written: toSecond(created_at), replaced: toSecond(replaced_at) });
  return html`<article class="card stack tight earlier" aria-label=${when}>
    <div class="row apart wrap">
      <span class="hint" title=${`${exact(created_at)}\n${exact(replaced_at)}`}>${when}</span>
      ${content && !same && html`<button type="button" class="button small" onClick=${onBack}>${t("revisions.back")}</button>`}
    </div>
    <${Markdown} text=${content} streaming=${false} sources=${NONE} />
  </article>`;
}
