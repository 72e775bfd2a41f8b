/**
 * The claim of a one-time link such as `/setup#...`. Whoever has it may set a password, so it leaves the address bar
 * before anything is drawn, and stands in this module's memory only: a reload forgets it, the link still holds it.
 */
import { go } from "../lib/router.js";
import { signal } from "../vendor/signals.js";

/** The claim that this page was opened with, or null. */
export const claim = signal(/** @type {string|null} */ (null));

/** Takes the claim, also of a link that is pasted over this page. */
export function startClaim() {
  take();
  addEventListener("hashchange", take);
}

/** Forgets it: it was used, or is good for nothing. */
export function dropClaim() {
  claim.value = null;
}

function take() {
  if (location.pathname !== "/setup" || location.hash.length < 2) return;
  claim.value = location.hash.slice(1);
  go("/setup", true);
}
