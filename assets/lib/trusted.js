/**
 * The page's one Trusted Types policy. The browser refuses every other way to turn text into markup or into a
 * script's address. `trustedMarkup` is for `sanitize.js` alone, which hands it to the inert parser of DOMPurify.
 */

const WORKERS = new Set(["/live-worker.js"]);

const rules = {
  createHTML: (/** @type {string} */ text) => text,
  createScriptURL: (/** @type {string} */ path) => {
    if (!WORKERS.has(path.split("?")[0])) throw new TypeError(`${path} is no script of this page`);
    return path;
  },
};

/** The policy, or its bare rules where the browser does not know Trusted Types. */
export const trustedMarkup = /** @type {any} */ (globalThis).trustedTypes?.createPolicy("inglenook", rules) ?? rules;

/** The address of one of this page's workers. */
export function trustedScriptUrl(path) {
  return trustedMarkup.createScriptURL(path);
}
