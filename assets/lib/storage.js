/**
 * What this browser remembers. A browser may refuse (private windows, a full store): then a value lives as
 * long as the page, and nothing breaks.
 */

const PREFIX = "inglenook.";
const fallback = new Map();

/** @param {string} name @param {any} otherwise */
export function recall(name, otherwise) {
  try {
    const text = localStorage.getItem(PREFIX + name);
    return text === null ? (fallback.get(name) ?? otherwise) : JSON.parse(text);
  } catch {
    return fallback.get(name) ?? otherwise;
  }
}

/** Keeps a value; `null` and `undefined` forget it. */
export function keep(name, value) {
  const gone = value === null || value === undefined;
  try {
    if (gone) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, JSON.stringify(value));
    fallback.delete(name);
  } catch {
    fallback.set(name, value);
  }
}

/** Forgets every value whose name begins so. */
export function forgetAll(start) {
  for (const name of fallback.keys()) if (name.startsWith(start)) fallback.delete(name);
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX + start)) localStorage.removeItem(key);
  } catch {
    // A browser that keeps nothing has nothing to forget.
  }
}

/** Calls back when another tab changed a value. */
export function onKept(name, then) {
  addEventListener("storage", (event) => {
    if (event.key === PREFIX + name) then(recall(name, undefined));
  });
}
