/**
 * Every word of the page by its key, in the reader's language. English is complete, always there, and answers for
 * whatever another language lacks; the others are fetched by who reads them. A value is a sentence with `{name}` places, or forms by number that `vars.n` picks.
 */
import { keep, recall } from "./storage.js";
import { en } from "../strings/en.js";

const CATALOGUES = {
  en: () => Promise.resolve(en),
  de: () => import("/strings/de.js").then(({ de }) => de),
};
const RIGHT_TO_LEFT = new Set(["ar", "fa", "he", "ur"]);

/** The languages to choose from, each in its own words. */
export const languages = [
  { id: "en", name: "English" },
  { id: "de", name: "Deutsch" },
];

/** The reader's choice: `system` or a language's id. */
export const language = recall("language", "system");

const chosen = language in CATALOGUES ? language : spokenHere();
let catalogue = en;
const plurals = new Intl.PluralRules(chosen);
const numbers = new Intl.NumberFormat(locale());

document.documentElement.lang = chosen;
document.documentElement.dir = RIGHT_TO_LEFT.has(chosen) ? "rtl" : "ltr";

/** Fetches the words of the reader's language; the page is drawn when they are there. */
export async function loadWords() {
  try {
    catalogue = await CATALOGUES[chosen]();
  } catch {
    // English answers.
  }
}

/** Adds the English words of a part of the page that is fetched later. */
export function addWords(/** @type {Record<string, any>} */ words) {
  Object.assign(en, words);
}

/**
 * The text of a key.
 * @param {string} key
 * @param {Record<string, string | number>} [vars]
 * @returns {string}
 */
export function t(key, vars) {
  const entry = catalogue[key] ?? en[key];
  if (entry === undefined) return key;
  const text = typeof entry === "string" ? entry : (entry[plurals.select(Number(vars?.n ?? 0))] ?? entry.other);
  if (!vars) return text;
  return text.replace(/\{(\w+)\}/g, (place, name) => {
    const value = vars[name];
    if (value === undefined) return place;
    return typeof value === "number" ? numbers.format(value) : value;
  });
}

/** The BCP 47 tag for dates and numbers: the browser's own region where it speaks the chosen language. */
export function locale() {
  return navigator.languages.find((tag) => tag.split("-")[0] === chosen) ?? chosen;
}

/** Chooses a language and shows the page in it. */
export function setLanguage(choice) {
  keep("language", choice === "system" ? null : choice);
  location.reload();
}

function spokenHere() {
  return navigator.languages.map((tag) => tag.split("-")[0]).find((tag) => tag in CATALOGUES) ?? "en";
}
