/** The first screen: what to do, a composer that works at once, and the ways to a model and to documents. */
import { Icon, Mark } from "../../components/icon.js";
import { go } from "../../lib/router.js";
import { t } from "../../lib/text.js";
import { anyConversation } from "../../state/conversations.js";
import { anyDocument } from "../../state/documents.js";
import { addProvider, found, hasModel, models, modelsLoaded, prefer } from "../../state/models.js";
import { complain, toast } from "../../state/notices.js";
import { may } from "../../state/session.js";
import { addFiles } from "../../state/uploads.js";
import { useRef, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";

/** @param {{children: any}} props the composer */
export function Welcome({ children }) {
  const ready = !modelsLoaded.value || hasModel.value;
  const known = ready && anyConversation.value;
  return html`<div class="welcome">
    <${Mark} class="welcome-mark" />
    ${known
      ? html`<h2 class="welcome-title">${t("welcome.back")}</h2>`
      : html`<h2 class="welcome-title">${t("welcome.title")}</h2>
          <ol class="plain-list welcome-lines">
            <li>${t("welcome.line1")}</li>
            <li>${t(ready ? "welcome.line2_ready" : "welcome.line2")}</li>
            <li>${t("welcome.line3")}</li>
          </ol>`}
    ${children}
    ${!ready && html`<p class="welcome-note"><${Icon} name="info" />${t("welcome.no_model")}</p>`}
    <${Ways} ready=${ready} />
  </div>`;
}

/** Found servers always; the way to a key only while there is no model. */
function Ways({ ready }) {
  if (!modelsLoaded.value) return null;
  const first = !anyDocument.value;
  const cards = found.value.map((server) => html`<${FoundServer} key=${server.base_url} server=${server} />`);
  if (ready && !cards.length && !first) return null;
  return html`<ul class="plain-list ways">
    ${cards}
    ${!ready &&
    may("admin") &&
    html`<li class="card way">
      <${Icon} name="key" />
      <div class="grow"><h3>${t("way.key")}</h3><p class="hint">${t("way.key_text")}</p></div>
      <a class="button" href="/settings/models">${t("way.key_action")}</a>
    </li>`}
    ${first && html`<${DropHere} />`}
  </ul>`;
}

/** Until there is a document. */
function DropHere() {
  const input = useRef(null);
  const take = () => {
    addFiles([...input.current.files]);
    go("/library");
  };
  return html`<li class="card way">
    <${Icon} name="upload" />
    <div class="grow"><h3>${t("way.documents")}</h3><p class="hint">${t("way.documents_text")}</p></div>
    <input ref=${input} type="file" multiple hidden onChange=${take} />
    <button type="button" class="button" onClick=${() => input.current.click()}>${t("way.documents_action")}</button>
  </li>`;
}

function FoundServer({ server }) {
  const [busy, setBusy] = useState(false);
  const { kind, name, base_url, models: names } = server;
  const use = async () => {
    setBusy(true);
    try {
      const provider = await addProvider({ kind, name, base_url });
      const first = models.value.find((model) => model.provider_id === provider.id && model.reachable);
      if (first) prefer(first.id);
      toast({ text: t("way.added", { name }) });
    } catch (error) {
      complain(error);
    }
    setBusy(false);
  };
  return html`<li class="card way">
    <${Icon} name="computer" />
    <div class="grow">
      <h3>${t("way.found", { name })}</h3>
      <p class="hint cut" title=${names.join(", ")}>${names.length ? names.join(", ") : base_url}</p>
    </div>
    <button type="button" class="button primary" disabled=${busy} onClick=${use}>${busy && html`<span class="spinner"></span>`}${t("way.use")}</button>
  </li>`;
}
