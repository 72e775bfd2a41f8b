/** A button for what cannot be taken back: the first click asks, the second does it. Leaving the button takes the question back. */
import { t } from "../../lib/text.js";
import { complain, say } from "../../state/notices.js";
import { useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";

/** @param {{label: string, of?: string, run: () => Promise<any>}} props `of`: what it is about, for those who cannot see the row */
export function SureButton({ label, of = "", run }) {
  const [asked, setAsked] = useState(false);
  const [busy, setBusy] = useState(false);
  const click = async () => {
    if (!asked) {
      setAsked(true);
      say(t("sure.again", { action: label }));
      return;
    }
    setBusy(true);
    await run().catch(complain);
    setBusy(false);
    setAsked(false);
  };
  const words = asked ? t("sure.really", { action: label }) : label;
  return html`<button type="button" class=${`button small danger ${asked ? "asked" : ""}`} disabled=${busy} aria-label=${of ? `${words}: ${of}` : undefined}
    onClick=${click} onBlur=${() => setAsked(false)} onKeyDown=${(event) => event.key === "Escape" && setAsked(false)}>${words}</button>`;
}
