/** A part of the page that is fetched when it is first needed. */
import { t } from "../lib/text.js";
import { useCallback, useEffect, useState } from "../vendor/hooks.js";
import { html } from "../vendor/html.js";

/**
 * Draws what a part exports under `name`; it is given the other props.
 * @param {{load: () => Promise<any>, name: string, [prop: string]: any}} props
 */
export function Later({ load, name, ...rest }) {
  const [part, setPart] = useState(/** @type {any} */ (null));
  const [failed, setFailed] = useState(false);
  const again = useCallback(() => {
    setFailed(false);
    // A component is a function, which a state would call.
    load().then((found) => setPart({ found }), () => setFailed(true));
  }, []);
  useEffect(again, []);
  if (part) return html`<${part.found[name]} ...${rest} />`;
  if (!failed) return html`<p class="empty"><span class="spinner" role="img" aria-label=${t("list.loading")}></span></p>`;
  return html`<div class="empty" role="alert"><p>${t("error.unreachable")}</p><button type="button" class="button" onClick=${again}>${t("action.retry")}</button></div>`;
}
