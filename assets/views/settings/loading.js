/** What a part of the settings shows until its facts are there, or why they are not. */
import { t } from "../../lib/text.js";
import { reasonOf } from "../../state/notices.js";
import { useCallback, useEffect, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";

/** Loads at once; answers the state to show and a way to try again. */
export function useLoading(/** @type {() => Promise<any>} */ load) {
  const [state, setState] = useState({ busy: true, error: null });
  const again = useCallback(() => {
    setState({ busy: true, error: null });
    load().then(
      () => setState({ busy: false, error: null }),
      (error) => setState({ busy: false, error }),
    );
  }, []);
  useEffect(again, []);
  return { ...state, again };
}

/** @param {{state: {busy: boolean, error: any, again: () => void}}} props */
export function Loading({ state }) {
  if (state.error) {
    return html`<div class="card stack tight" role="alert">
      <p>${reasonOf(state.error)}</p>
      <div><button type="button" class="button" onClick=${state.again}>${t("action.retry")}</button></div>
    </div>`;
  }
  return state.busy ? html`<p class="row hint"><span class="spinner" aria-hidden="true"></span> ${t("settings.loading")}</p>` : null;
}
