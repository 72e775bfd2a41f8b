/** Sizes of files in the reader's language. */
import { locale } from "./text.js";

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"];
const STEP = 1000;

/** `812 B`, `1.4 MB`. */
export function sizeLabel(bytes) {
  let step = 0;
  let value = bytes;
  while (value >= STEP && step < UNITS.length - 1) {
    value /= STEP;
    step += 1;
  }
  const digits = step > 0 && value < 10 ? 1 : 0;
  if (step === 0) return `${new Intl.NumberFormat(locale()).format(value)} B`;
  return new Intl.NumberFormat(locale(), { style: "unit", unit: UNITS[step], unitDisplay: "short", maximumFractionDigits: digits }).format(value);
}

/** A share for people: `40 %`. */
export function shareLabel(share) {
  return new Intl.NumberFormat(locale(), { style: "percent", maximumFractionDigits: 0 }).format(Math.min(1, Math.max(0, share)));
}
