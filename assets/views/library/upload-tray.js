/** Files on their way in: how far all of them are, each that travels, and each that was refused with the reason. */
import { Icon } from "../../components/icon.js";
import { shareLabel, sizeLabel } from "../../lib/sizes.js";
import { t } from "../../lib/text.js";
import { cancelUpload, cancelUploads, dismissRefused, refused, retryUpload, sent, uploading, uploads } from "../../state/uploads.js";
import { html } from "../../vendor/html.js";

const MOST_TRAVELLING = 4;
const MOST_REFUSED = 50;

/** Nothing while nothing travels. */
export function UploadTray() {
  if (!uploads.value.length) return null;
  return html`<section class="upload-tray" aria-label=${t("upload.title")}><${Travelling} /><${Refused} /></section>`;
}

function Travelling() {
  if (!uploading.value) return null;
  const { files, done, bytes, sentBytes } = sent.value;
  const now = uploads.value.filter((entry) => entry.state.value.kind === "sending").slice(0, MOST_TRAVELLING);
  const share = bytes ? sentBytes / bytes : done / files;
  return html`<div class="row">
      <span class="grow">${t("upload.now", { n: files, done })}</span><span class="hint share">${sizeLabel(sentBytes)} / ${sizeLabel(bytes)}</span>
      <button type="button" class="button small quiet" onClick=${cancelUploads}>${t(files > 1 ? "upload.cancel_all" : "action.cancel")}</button>
    </div>
    <progress max="1" value=${share} aria-label=${t("upload.title")}></progress>
    ${files > 1 &&
    html`<ul class="plain-list upload-list">
      ${now.map(
        ({ id, name, state }) => html`<li key=${id} class="row"><span class="grow cut hint" title=${name}>${name}</span><span class="hint share">${shareLabel(state.value.share)}</span>
          <button type="button" class="icon-button" aria-label=${t("upload.cancel", { name })} onClick=${() => cancelUpload(id)}><${Icon} name="close" /></button></li>`,
      )}
    </ul>`}`;
}

function Refused() {
  const list = refused.value;
  if (!list.length) return null;
  return html`<div role="group" aria-label=${t("upload.refused", { n: list.length })}>
    <div class="row"><strong class="grow bad-text">${t("upload.refused", { n: list.length })}</strong>
      <button type="button" class="button small quiet" onClick=${dismissRefused}>${t("action.dismiss")}</button></div>
    <ul class="plain-list upload-list refused">
      ${list.slice(0, MOST_REFUSED).map(
        ({ id, name, state }) => html`<li key=${id} class="row">
          <span class="grow"><span class="cut block" title=${name}>${name}</span><span class="hint">${state.value.reason}</span></span>
          <button type="button" class="button small" onClick=${() => retryUpload(id)}>${t("action.retry")}</button>
          <button type="button" class="icon-button" aria-label=${t("upload.forget", { name })} onClick=${() => cancelUpload(id)}><${Icon} name="close" /></button>
        </li>`,
      )}
    </ul>
  </div>`;
}
