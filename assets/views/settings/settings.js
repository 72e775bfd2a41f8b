/** The settings: one page with a part for each concern, chosen by the address. */
import { t } from "../../lib/text.js";
import { useEffect, useRef } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { AboutSection } from "./about.js";
import { AppearanceSection } from "./appearance.js";
import { ConfigurationSection } from "./configuration.js";
import { LogsSection } from "./logs.js";
import { MemorySection } from "./memory.js";
import { ModelsSection } from "./models.js";
import { ShortcutsSection } from "./shortcuts.js";

const SECTIONS = {
  models: ModelsSection,
  memory: MemorySection,
  configuration: ConfigurationSection,
  appearance: AppearanceSection,
  shortcuts: ShortcutsSection,
  logs: LogsSection,
  about: AboutSection,
};

/** @param {{section?: string}} props */
export function SettingsPage({ section = "models" }) {
  const shown = section in SECTIONS ? section : "models";
  const Section = SECTIONS[shown];
  const nav = useRef(null);
  useEffect(() => nav.current.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" }), [shown]);
  return html`<div class="settings">
    <h1>${t("settings.title")}</h1>
    <nav ref=${nav} class="settings-nav" aria-label=${t("settings.sections")}>
      ${Object.keys(SECTIONS).map(
        (id) => html`<a key=${id} href=${`/settings/${id}`} aria-current=${id === shown ? "page" : undefined}>${t(`settings.${id}`)}</a>`,
      )}
    </nav>
    <div class="stack settings-body" key=${shown}>
      <h2>${t(`settings.${shown}`)}</h2>
      <${Section} />
    </div>
  </div>`;
}
