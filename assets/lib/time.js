/** Instants in the reader's own language and zone. */
import { locale } from "./text.js";

const DAY_MS = 86_400_000;
const formats = new Map();

function format(name, options) {
  if (!formats.has(name)) formats.set(name, new Intl.DateTimeFormat(locale(), options));
  return formats.get(name);
}

/** The exact instant, for a tooltip. */
export function exact(instant) {
  return format("exact", { dateStyle: "full", timeStyle: "long" }).format(new Date(instant));
}

/** To the second: the time today, else with the day. */
export function toSecond(instant, now = new Date()) {
  const date = new Date(instant);
  const name = daysAgo(date, now) <= 0 ? "second" : "day-second";
  return format(name, name === "second" ? { timeStyle: "medium" } : { day: "numeric", month: "short", hour: "numeric", minute: "2-digit", second: "2-digit" }).format(date);
}

/** The shortest form that is clear: the time today, the weekday this week, else the date. */
export function short(instant, now = new Date()) {
  const date = new Date(instant);
  const days = daysAgo(date, now);
  if (days <= 0) return format("time", { timeStyle: "short" }).format(date);
  if (days < 7) return format("weekday", { weekday: "short" }).format(date);
  if (date.getFullYear() === now.getFullYear()) return format("day", { day: "numeric", month: "short" }).format(date);
  return format("date", { dateStyle: "medium" }).format(date);
}

/** Which heading of the sidebar an instant belongs under: `today`, `yesterday`, `week`, or the month's name. */
export function period(instant, now = new Date()) {
  const date = new Date(instant);
  const days = daysAgo(date, now);
  if (days <= 0) return "today";
  if (days === 1) return "yesterday";
  if (days < 7) return "week";
  const sameYear = date.getFullYear() === now.getFullYear();
  const name = sameYear ? "month" : "month-year";
  return format(name, sameYear ? { month: "long" } : { month: "long", year: "numeric" }).format(date);
}

/** A length of time, such as `0.8 s` or `1 min 12 s`. */
export function duration(ms) {
  const unit = (value, name, digits) =>
    new Intl.NumberFormat(locale(), { style: "unit", unit: name, unitDisplay: "narrow", maximumFractionDigits: digits }).format(value);
  if (ms < 1000) return unit(ms, "millisecond", 0);
  if (ms < 60_000) return unit(ms / 1000, "second", ms < 10_000 ? 1 : 0);
  return `${unit(Math.floor(ms / 60_000), "minute", 0)} ${unit(Math.round((ms % 60_000) / 1000), "second", 0)}`;
}

/** How long something short took, such as `0.4 ms`; a dash where nothing was measured. */
export function latency(/** @type {number|null|undefined} */ ms) {
  if (!ms) return "–";
  if (ms >= 10) return duration(ms);
  return new Intl.NumberFormat(locale(), { style: "unit", unit: "millisecond", unitDisplay: "narrow", maximumFractionDigits: 1 }).format(ms);
}

function daysAgo(date, now) {
  const midnight = (when) => new Date(when.getFullYear(), when.getMonth(), when.getDate()).getTime();
  return Math.round((midnight(now) - midnight(date)) / DAY_MS);
}
