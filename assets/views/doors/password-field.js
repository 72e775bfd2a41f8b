/** A field for a password that one can look at, and for a new one what its length is worth. */
import { Icon } from "../../components/icon.js";
import { characters } from "../../lib/characters.js";
import { t } from "../../lib/text.js";
import { useId, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";

/** The server's bounds, in characters. */
const LEAST = 8;
const MOST = 1024;
const GOOD = 12;
const LONG = 16;

/** Whether the server would take it. */
export function longEnough(/** @type {string} */ password) {
  const length = characters(password);
  return length >= LEAST && length <= MOST;
}

/**
 * @param {{label: string, value: string, onInput: (value: string) => void, fresh?: boolean, focus?: boolean, wrong?: string|null}} props
 *   `fresh`: a password that is being chosen
 */
export function PasswordField({ label, value, onInput, fresh = false, focus = false, wrong = null }) {
  const [shown, setShown] = useState(false);
  const id = useId();
  const about = [wrong && `${id}-wrong`, fresh && `${id}-length`].filter(Boolean).join(" ");
  return html`<div class="field">
    <label for=${id}>${label}</label>
    <div class="password">
      <input class="input" id=${id} type=${shown ? "text" : "password"} required autofocus=${focus} autocapitalize="off" spellcheck=${false} dir="ltr"
        autocomplete=${fresh ? "new-password" : "current-password"} aria-invalid=${wrong ? "true" : undefined} aria-describedby=${about || undefined}
        value=${value} onInput=${(event) => onInput(event.currentTarget.value)} />
      <button type="button" class="icon-button" aria-pressed=${shown ? "true" : "false"} aria-label=${t("password.show")} title=${t("password.show")} onClick=${() => setShown(!shown)}><${Icon} name="eye" /></button>
    </div>
    ${wrong && html`<span class="wrong" id=${`${id}-wrong`} role="alert">${wrong}</span>`}
    ${fresh && html`<${Length} id=${`${id}-length`} value=${value} />`}
  </div>`;
}

/** Only how long it is: what makes a password hard to guess beyond that, a page cannot know. */
function Length({ id, value }) {
  const length = characters(value);
  const words = length === 0 ? "rule" : length < LEAST ? "short" : length > MOST ? "too_long" : length < GOOD ? "enough" : length < LONG ? "good" : "long";
  return html`<meter class="length" aria-hidden="true" min="0" max=${LONG} low=${LEAST} high=${GOOD} optimum=${LONG} value=${Math.min(length, LONG)}></meter>
    <span class="hint" id=${id} role="status">${t(`password.${words}`, { n: LEAST - length, least: LEAST, most: MOST })}</span>`;
}
