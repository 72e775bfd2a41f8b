/** The way back from a document to where it was opened. */
import { Icon } from "../../components/icon.js";
import { cameFrom, route } from "../../lib/router.js";
import { t } from "../../lib/text.js";
import { html } from "../../vendor/html.js";

/** Back to the list as it was, or to the whole library when the document was opened by its address. */
export function BackToLibrary() {
  const before = cameFrom.value;
  const known = before && before !== route.value.path && /^\/(library(\?|$)|search|c\/)/.test(before);
  return html`<a class="icon-button" href=${known ? before : "/library"} aria-label=${t("library.back")} title=${t("library.back")}><${Icon} name="left" class="turns" /></a>`;
}
