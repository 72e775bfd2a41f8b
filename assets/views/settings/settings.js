/** The settings: one page with a part for each concern, chosen by the address. */
import { Later } from "../../components/later.js";
import { showCurrent } from "../../lib/strip.js";
import { t } from "../../lib/text.js";
import { may } from "../../state/session.js";
import { useEffect, useRef } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { doors, tools } from "../shell/parts.js";
import { AboutSection } from "./about.js";
import { AppearanceSection } from "./appearance.js";
import { ConfigurationSection } from "./configuration.js";
import { LogsSection } from "./logs.js";
import { MemorySection } from "./memory.js";
import { ModelsSection } from "./models.js";
import { ShortcutsSection } from "./shortcuts.js";

const SECTIONS = {
  models: ModelsSection,
  tools: () => html`<${Later} load=${tools} name="ToolsSection" />`,
  memory: MemorySection,
  configuration: ConfigurationSection,
  appearance: AppearanceSection,
  shortcuts: ShortcutsSection,
  security: () => html`<${Later} load=${doors} name="SecuritySection" />`,
  logs: LogsSection,
  about: AboutSection,
};

/** What is about the server and not about the person at the page. */
const FOR_ADMINS = new Set(["models", "tools", "configuration", "logs"]);

/** @param {{section?: string}} props without one that is there for this person, the first */
export function SettingsPage({ section = "" }) {
  const admin = may("admin");
  const ids = Object.keys(SECTIONS).filter((id) => admin || !FOR_ADMINS.has(id));
  const shown = ids.includes(section) ? section : ids[0];
  const Section = SECTIONS[shown];
  const nav = useRef(null);
  useEffect(() => showCurrent(nav.current), [shown]);
  return html`<div class="settings">
    <h1>${t("settings.title")}</h1>
    <nav ref=${nav} class="settings-nav" aria-label=${t("settings.sections")}>
      ${ids.map(
        (id) => html`<a key=${id} href=${`/settings/${id}`} aria-current=${id === shown ? "page" : undefined}>${t(`settings.${id}`)}</a>`,
      )}
    </nav>
    <div class="stack settings-body" key=${shown}>
      <h2>${t(`settings.${shown}`)}</h2>
      <${Section} />
    </div>
  </div>`;
}
