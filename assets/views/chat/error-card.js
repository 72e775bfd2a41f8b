/** An answer that failed, broke off or was stopped: what happened, and what to do about it. */
import { Icon } from "../../components/icon.js";
import { t } from "../../lib/text.js";
import { toSecond } from "../../lib/time.js";
import { goOn, regenerate } from "../../state/asking.js";
import { sentence } from "../../state/notices.js";
import { openPicker } from "../../state/picker.js";
import { may } from "../../state/session.js";
import { mayRepeat, repeatTemporary } from "../../state/temporary.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { tabOf } from "./open-source.js";

/** Advice by error code; others get the general one. Codes are the server's. */
const ADVICE = {
  no_connection: "connection",
  upstream_timeout: "connection",
  upstream_paused: "paused",
  broke_off: "interrupted",
  interrupted: "interrupted",
  server_shutdown: "interrupted",
  length_limit: "length",
  bad_address: "key",
  wrong_key: "key",
  offline: "offline",
  no_such_model: "model",
  no_such_provider: "model",
  model_not_found: "model",
  context_too_long: "context",
  rate_limited: "rate",
  refused: "refused",
};

const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** @param {{conversation: string|null, message: any}} props without a conversation (a temporary chat) the last question can be asked again */
export function ErrorCard({ conversation, message }) {
  const { id, state, error, content } = message;
  const [wait, over] = useWait(error);
  const can = conversation !== null || mayRepeat(id);
  const again = (model) => (conversation ? regenerate(conversation, id, model) : repeatTemporary(id, model));
  const retry = () => again();
  const other = () => openPicker({ title: t("error.switch"), current: message.model, onPick: again });
  const proceed = conversation && content && html`<button type="button" class="button small primary" onClick=${() => goOn(conversation, id)}><${Icon} name="play" />${t("answer.continue")}</button>`;
  if (state === "cancelled") {
    return html`<div class="broken-off" role="group" aria-label=${t("answer.stopped")}>
      <span class="hint">${t("answer.stopped")}</span>${proceed}
      ${can && !proceed && html`<button type="button" class="button small" onClick=${retry}><${Icon} name="refresh" />${t("action.retry")}</button>`}
    </div>`;
  }
  const interrupted = state === "interrupted";
  const told = ADVICE[error?.code] ?? (interrupted ? "interrupted" : "general");
  const advice = told === "interrupted" && !conversation ? "repeat" : told;
  return html`<div class="error-card" role="group" aria-label=${t("error.title")}>
    <p class="error-title"><${Icon} name="warning" /><strong>${sentence(error?.error) || t(interrupted ? "answer.interrupted" : "error.unknown")}</strong></p>
    <p>${wait && !over ? t("advice.until", { time: toSecond(wait) }) : t(`advice.${over ? "waited" : advice}`)}</p>
    ${can &&
    html`<div class="row wrap">
      ${proceed}
      <button type="button" class="button small" onClick=${retry}><${Icon} name="refresh" />${t("action.retry")}</button>
      <button type="button" class="button small" onClick=${other}><${Icon} name="computer" />${t("error.switch")}</button>
      ${may("admin") && html`<a class="button small quiet" href="/settings/models" target=${tabOf()}>${t("frame.settings")}</a>`}
    </div>`}
    ${error?.request_id && html`<p class="hint">${t("error.request", { id: error.request_id })}</p>`}
  </div>`;
}

/** When it is worth trying again, null where nobody said so; and whether that is now. @returns {[Date|null, boolean]} */
function useWait(error) {
  const { timestamp, retry_after: seconds } = error ?? {};
  const end = timestamp && seconds ? Date.parse(timestamp) + seconds * 1000 : null;
  const [, look] = useState(0);
  useEffect(() => {
    const left = end ? end - Date.now() : 0;
    if (left <= 0 || left > LONGEST_TIMER_MS) return undefined;
    const timer = setTimeout(() => look(end), left);
    return () => clearTimeout(timer);
  }, [end]);
  return end ? [new Date(end), end <= Date.now()] : [null, false];
}
