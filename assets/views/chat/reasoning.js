/** What a model thought before it answered: folded, with how long it took. */
import { Icon } from "../../components/icon.js";
import { Markdown } from "../../lib/markdown.js";
import { t } from "../../lib/text.js";
import { duration } from "../../lib/time.js";
import { useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";

/** @param {{message: any, thinking: boolean}} props */
export function Reasoning({ message, thinking }) {
  const [open, setOpen] = useState(false);
  const took = message.timings?.reasoning_ms;
  const label = thinking ? t("reasoning.now") : took ? t("reasoning.took", { time: duration(took) }) : t("reasoning.title");
  return html`<details class="reasoning" open=${open} onToggle=${(event) => setOpen(event.currentTarget.open)}>
    <summary><${Icon} name="thought" />${label}<${Icon} name="down" class="fold" /></summary>
    ${open && html`<${Markdown} text=${message.reasoning} streaming=${message.state === "streaming"} sources=${[]} />`}
  </details>`;
}
