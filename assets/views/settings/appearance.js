/** How the page looks and speaks: kept in this browser. */
import { language, languages, setLanguage, t } from "../../lib/text.js";
import { motion, setMotion } from "../../state/motion.js";
import { setTextSize, setTheme, textSize, theme } from "../../state/appearance.js";
import { html } from "../../vendor/html.js";

/** The part `appearance` of the settings. */
export function AppearanceSection() {
  return html`<${Choice} name="theme" value=${theme.value} values=${["system", "light", "dark"]} onChoose=${setTheme} />
    <${Choice} name="text_size" value=${textSize.value} values=${["small", "normal", "large", "huge"]} onChoose=${setTextSize} />
    <${Choice} name="motion" value=${motion.value} values=${["system", "reduced"]} onChoose=${setMotion} />
    <label class="field narrow"><span>${t("look.language")}</span>
      <select class="input" value=${language} onChange=${(event) => setLanguage(event.target.value)}>
        <option value="system">${t("look.language.system")}</option>
        ${languages.map(({ id, name }) => html`<option key=${id} value=${id} lang=${id}>${name}</option>`)}
      </select></label>
    <p class="hint">${t("look.kept_here")}</p>`;
}

function Choice({ name, value, values, onChoose }) {
  return html`<fieldset class="choice">
    <legend>${t(`look.${name}`)}</legend>
    <div class="row wrap">${values.map(
      (entry) => html`<label key=${entry} class="pill"><input type="radio" name=${name} value=${entry} checked=${entry === value} onChange=${() => onChoose(entry)} /><span>${t(`look.${name}.${entry}`)}</span></label>`,
    )}</div>
  </fieldset>`;
}
