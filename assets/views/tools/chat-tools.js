/** What can be used in a chat: the searches, and the servers that the owner listed. */
import { Dialog } from "../../components/dialog.js";
import { t } from "../../lib/text.js";
import { fresh } from "../../state/asking.js";
import { changeConversation } from "../../state/keeping.js";
import { complain, reasonOf } from "../../state/notices.js";
import { may } from "../../state/session.js";
import { forbidAll, loadChoices, toolNews } from "../../state/tools.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";

/** @param {{id: string|null, onClose: () => void}} props `null`: the chat that the next question starts */
export function ChatTools({ id, onClose }) {
  const [found, setFound] = useState(/** @type {any[]|null} */ (null));
  const [error, setError] = useState(/** @type {any} */ (null));
  const load = () => loadChoices(id).then(setFound, setError);
  useEffect(() => void load(), [id, toolNews.value]);
  // What a new chat will use is known here alone, until it is asked something.
  const chosen = id ? null : fresh.value.tools;
  const choices = chosen ? found?.map((choice) => ({ ...choice, used: chosen.includes(choice.id) })) : found;
  const choose = async (choice, used) => {
    const next = choices.map((other) => (other.id === choice.id ? { ...other, used } : other));
    const tools = next.filter((other) => other.used).map((other) => other.id);
    if (!id) return void (fresh.value = { ...fresh.peek(), tools });
    setFound(next);
    await changeConversation(id, { tools });
    load();
  };
  const forbid = () => forbidAll(id).then(load, complain);
  const allowed = choices?.some(({ tools }) => tools.some((tool) => tool.allowed));
  return html`<${Dialog} open title=${t("chattools.title")} onClose=${onClose}>
    <div class="stack">
      <p class="hint">${t("chattools.intro")}</p>
      ${error && html`<p class="test bad" role="alert">${reasonOf(error)}</p>`}
      ${!choices && !error && html`<p class="empty"><span class="spinner"></span></p>`}
      ${choices?.map((choice) => html`<${Choice} key=${choice.id} choice=${choice} onChange=${(used) => choose(choice, used)} />`)}
      ${allowed && html`<div class="row apart wrap"><span class="hint">${t("chattools.allowed_hint")}</span><button type="button" class="button small" onClick=${forbid}>${t("chattools.forbid")}</button></div>`}
      ${may("admin") && html`<p><a href="/settings/tools" onClick=${onClose}>${t("chattools.more")}</a></p>`}
    </div>
  <//>`;
}

// The dialog lies inside the form of the composer, which a key must not send.
function Choice({ choice, onChange }) {
  const own = choice.id.startsWith("search_");
  const name = own ? t(`tool.${choice.id}`) : choice.name;
  return html`<div class="stack tight">
    <label class="switch"><input type="checkbox" form="apart" checked=${choice.used} onChange=${(event) => onChange(event.currentTarget.checked)} /><span>${name}${own && html`<br /><span class="hint">${t(`tool.${choice.id}_hint`)}</span>`}</span></label>
    ${!own && html`<details><summary class="hint">${t("tools.count", { n: choice.tools.length })}</summary><${ToolList} tools=${choice.tools} /></details>`}
  </div>`;
}

/** Tools with what they say of themselves. */
export function ToolList({ tools }) {
  return html`<ul class="plain-list stack tight tool-list">${tools.map(
    (tool) => html`<li key=${tool.name}><strong>${tool.title}</strong> <span class=${`badge ${tool.read_only ? "" : "warn"}`}>${t(tool.read_only ? "tools.reads" : "tools.changes")}</span>${tool.allowed && html` <span class="badge good">${t("tools.allowed")}</span>`}<br /><span class="hint">${tool.description}</span></li>`,
  )}</ul>`;
}
