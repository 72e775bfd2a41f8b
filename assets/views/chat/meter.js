/** How much of what a prompt may have the next question takes, by the server's own count, and what it costs. It says what will be left out. */
import { t } from "../../lib/text.js";
import { cost, costLabel, countLabel, estimateTokens } from "../../lib/tokens.js";
import { budgetNews, loadBudget } from "../../state/budget.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";

const PAUSE_MS = 300;
const WORTH_SHOWING = 200;
const ANSWER_GUESS = 500;

/**
 * @param {{id: string|null, model: any, item: any, said?: any[], text: string, files: any[]}} props
 *   `item`: the conversation, once it is there, or what a new one will be; `said`: what the server does not have
 */
export function Meter({ id, model, item, said = [], text, files }) {
  const draft = Boolean(text || files.length);
  const asks = Boolean(model && model.kind !== "passages" && (id ? item?.created_at : draft));
  const budget = useBudget(id, model?.id, asks);
  if (!budget || !asks) return null;
  const { budget_tokens: room, message_tokens: frame, image_tokens: image } = budget;
  const tokens = (words) => (words ? estimateTokens(words) + frame : 0);
  const fixed = budget.fixed_tokens + (id ? 0 : tokens(item?.system_prompt));
  const past = said.slice(-budget.history_limit).reduce((sum, message) => sum + tokens(message.content), budget.past_tokens);
  const question = files.reduce((sum, file) => sum + (file.tokens ?? image), estimateTokens(text) + frame);
  const used = fixed + past + question;
  const level = fixed + question > room ? "bad" : used > room ? "warn" : "";
  if (!draft && used < WORTH_SHOWING && !level) return null;
  const dollars = cost(model.price, Math.min(used, room), ANSWER_GUESS);
  const trouble = level && t(level === "bad" ? "meter.over" : "meter.near");
  const title = [t("meter.title", { n: budget.history_limit }), trouble, dollars !== null && t("meter.cost", { cost: costLabel(dollars) })];
  return html`<span class=${`meter hint ${level}`} title=${title.filter(Boolean).join("\n")}>
    ${t("meter.of", { used: countLabel(used), room: countLabel(room) })}${dollars !== null && html`<span class="meter-cost"> · ${costLabel(dollars)}</span>`}
    ${trouble && html`<span class="hidden" role="status">${trouble}</span>`}
  </span>`;
}

/** The newest count; what was counted for another chat or model is none. */
function useBudget(id, model, wanted) {
  const [held, setHeld] = useState(/** @type {any} */ (null));
  const of = `${id} ${model}`;
  useEffect(() => {
    if (!wanted) return undefined;
    let gone = false;
    const take = (budget) => gone || setHeld({ of, budget });
    // One for a burst of news. Where it fails, the last count stays.
    const timer = setTimeout(() => loadBudget(id, model).then(take, () => {}), held?.of === of ? PAUSE_MS : 0);
    return () => {
      gone = true;
      clearTimeout(timer);
    };
  }, [of, wanted, budgetNews.value]);
  return held?.of === of ? /** @type {import("../../state/budget.js").Budget} */ (held.budget) : null;
}
