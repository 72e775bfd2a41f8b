/** What the library is doing, for the status line: files on their way, documents being read. */
import { Icon } from "../../components/icon.js";
import { t } from "../../lib/text.js";
import { reading } from "../../state/documents.js";
import { sent, uploading } from "../../state/uploads.js";
import { html } from "../../vendor/html.js";
import { computed } from "../../vendor/signals.js";

/** Whether there is anything to say. */
export const libraryBusy = computed(() => uploading.value || reading.value.size > 0);

/** The line. */
export function libraryLine() {
  const { files, done } = sent.value;
  const words = uploading.value ? t("status.uploading", { n: files, done }) : t("status.reading", { n: reading.value.size });
  return html`<div class="status-line quiet"><${Icon} name="shelf" /><a class="cut" href="/library">${words}</a></div>`;
}
