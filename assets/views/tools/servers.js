/** The servers of tools that the owner lists. */
import { Icon } from "../../components/icon.js";
import { t } from "../../lib/text.js";
import { leaving } from "../../state/removals.js";
import { loadToolServers, toolServers } from "../../state/tools.js";
import { useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { Loading, useLoading } from "../settings/loading.js";
import { ServerCard } from "./server-card.js";
import { ServerForm } from "./server-form.js";

/** The part `tools` of the settings. */
export function ToolsSection() {
  const state = useLoading(loadToolServers);
  const [form, setForm] = useState(/** @type {any} */ (null));
  const list = toolServers.value?.filter(({ id }) => !leaving.value.has(id));
  return html`<div class="row apart wrap"><p class="hint grow">${t("tools.intro")}</p>
      <button type="button" class="button primary" onClick=${() => setForm({})}><${Icon} name="plus" />${t("tools.add")}</button></div>
    ${!list ? html`<${Loading} state=${state} />` : list.length === 0 ? html`<p class="empty">${t("tools.none")}</p>` : html`<ul class="plain-list stack">${list.map((server) => html`<li key=${server.id}><${ServerCard} server=${server} onEdit=${() => setForm({ server })} /></li>`)}</ul>`}
    ${form && html`<${ServerForm} server=${form.server} onClose=${() => setForm(null)} />`}`;
}
