/** About how full the model's window is, and what the next question costs. It warns before an overflow. */
import { t } from "../../lib/text.js";
import { cost, costLabel, countLabel, estimateTokens } from "../../lib/tokens.js";
import { messageOf } from "../../state/threads.js";
import { html } from "../../vendor/html.js";

const WARN_FROM = 0.8;
const PROMPT_OVERHEAD = 8;
// What the server sends of the past, besides its token budget (HISTORY_LIMIT).
const HISTORY = 10;
const ANSWER_GUESS = 500;

/** @param {{model: any, thread: any, item: any, text: string}} props */
export function Meter({ model, thread, item, text }) {
  if (!model || model.kind === "passages") return null;
  const draft = estimateTokens(text);
  const used = draft + pastTokens(thread) + estimateTokens(item?.system_prompt ?? "");
  const room = model.context_window;
  const full = room ? used / room : 0;
  if (!draft && used < 200 && full < WARN_FROM) return null;
  const level = full >= 1 ? "bad" : full >= WARN_FROM ? "warn" : "";
  const dollars = cost(model.price, used, ANSWER_GUESS);
  const words = room ? t("meter.of", { used: countLabel(used), room: countLabel(room) }) : t("meter.used", { used: countLabel(used) });
  const title = [t("meter.title"), full >= WARN_FROM && t(full >= 1 ? "meter.over" : "meter.near"), dollars !== null && t("meter.cost", { cost: costLabel(dollars) })];
  return html`<span class=${`meter hint ${level}`} title=${title.filter(Boolean).join("\n")}>
    ${words}${dollars !== null && html`<span class="meter-cost"> · ${costLabel(dollars)}</span>`}
    ${level && html`<span class="hidden" role="status">${t(full >= 1 ? "meter.over" : "meter.near")}</span>`}
  </span>`;
}

function pastTokens(thread) {
  if (!thread) return 0;
  return thread.path.value
    .slice(-HISTORY)
    .map((id) => messageOf(thread, id)?.peek().content ?? "")
    .reduce((sum, content) => sum + estimateTokens(content) + PROMPT_OVERHEAD, 0);
}
