/** The passage behind a citation, shown beside it while the reader is on it. */
import { settle } from "../../components/menu.js";
import { withoutSigns } from "../../lib/signs.js";
import { t } from "../../lib/text.js";
import { useEffect, useRef, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { openHint, sourcePlace } from "./open-source.js";

const LEAVE_MS = 120;
const LONGEST = 420;

/**
 * Watches the citations of the thread around it.
 * @param {{find: (messageId: string) => any}} props
 */
export function CiteCard({ find }) {
  const spot = useRef(null);
  const [shown, setShown] = useState(null);
  useEffect(() => {
    const area = spot.current.parentElement;
    let timer = 0;
    const enter = (event) => {
      const button = event.target.closest?.(".cite");
      clearTimeout(timer);
      const source = button && sourceOf(button, find);
      if (source) setShown({ button, source });
      else if (!event.target.closest?.(".cite-card")) timer = setTimeout(() => setShown(null), LEAVE_MS);
    };
    const leave = () => {
      timer = setTimeout(() => setShown(null), LEAVE_MS);
    };
    const hide = (event) => {
      if (event.type === "click" ? event.target.closest?.(".cite") : event.key === "Escape") setShown(null);
    };
    area.addEventListener("click", hide);
    area.addEventListener("keydown", hide);
    area.addEventListener("mouseover", enter);
    area.addEventListener("focusin", enter);
    area.addEventListener("mouseleave", leave);
    area.addEventListener("focusout", leave);
    return () => clearTimeout(timer);
  }, []);
  useEffect(() => {
    if (shown) settle(shown.button, spot.current.querySelector(".cite-card"));
  }, [shown]);
  const source = shown?.source;
  return html`<div ref=${spot}>
    ${source &&
    html`<div class="cite-card" role="tooltip">
      <strong class="cut">${source.title || t(source.document_id ? "sources.untitled" : "chat.untitled")}</strong>
      ${sourcePlace(source) && html`<span class="hint">${sourcePlace(source)}</span>`}
      <p dir="auto">${shortened(withoutSigns(source.text).text)}</p>
      ${source.verified === false && html`<span class="badge warn">${t("sources.unverified")}</span>`}
      <span class="hint">${openHint(source)}</span>
    </div>`}
  </div>`;
}

function shortened(text) {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

function sourceOf(button, find) {
  const { sources } = find(button.closest("[data-message]")?.dataset.message) ?? {};
  return sources?.find((entry) => String(entry.n) === button.dataset.n);
}
