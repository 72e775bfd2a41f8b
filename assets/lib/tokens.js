/** A guess at how many tokens a text is, close enough to warn by. The server counts for real. */
import { locale } from "./text.js";

const CHARACTERS_PER_TOKEN = 4;
const WIDE = /[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]/g;

/** One wide character (Chinese, Japanese, Korean) is about one token; four others are. */
export function estimateTokens(text) {
  const wide = text.match(WIDE)?.length ?? 0;
  return wide + Math.ceil((text.length - wide) / CHARACTERS_PER_TOKEN);
}

/** `950`, `1.2K`, `128K` in the reader's language. */
export function countLabel(count) {
  return new Intl.NumberFormat(locale(), { notation: "compact", maximumFractionDigits: 1 }).format(count);
}

/** The price of a call in dollars, or null where the model has no known price. */
export function cost(price, inputTokens, outputTokens) {
  if (!price || price.input_per_million === null || price.input_per_million === undefined) return null;
  return (inputTokens * price.input_per_million + outputTokens * (price.output_per_million ?? 0)) / 1_000_000;
}

/** A price for people; tiny ones keep enough digits to say something. */
export function costLabel(dollars) {
  const digits = dollars >= 1 ? 2 : dollars >= 0.01 ? 3 : 5;
  return new Intl.NumberFormat(locale(), { style: "currency", currency: "USD", maximumFractionDigits: digits }).format(dollars);
}
