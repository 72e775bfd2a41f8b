/** An estimate of how many tokens a text is: the server's own, so that both say the same. */
import { locale } from "./text.js";

const QUARTERS_PER_TOKEN = 4;

/** As `estimate_tokens` in src/models/tokens.rs: letters and spaces are a quarter, other characters of one or two bytes a half, longer ones a whole token. */
export function estimateTokens(text) {
  let quarters = 0;
  for (const letter of text) quarters += letter > "\u07ff" ? 4 : /[a-zA-Z ]/.test(letter) ? 1 : 2;
  return Math.ceil(quarters / QUARTERS_PER_TOKEN);
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
