/**
 * Providers on their way out. A key cannot be shown again, so a removed provider could not be put back: it is
 * therefore only hidden while the toast with its Undo stands, and deleted when that has gone.
 */
import { t } from "../lib/text.js";
import { effect, signal } from "../vendor/signals.js";
import { removeProvider } from "./models.js";
import { complain, toast, toasts } from "./notices.js";

/** A toast goes away just before its Undo runs; only then is it known which of the two it was. */
const GRACE_MS = 300;

/** Ids of providers that are hidden for now. */
export const leaving = signal(/** @type {Set<string>} */ (new Set()));

/** Removes a provider once its Undo has passed. */
export function removeLater({ id, name }) {
  let kept = false;
  leaving.value = new Set([...leaving.value, id]);
  const shown = toast({ text: t("providers.removed", { name }), undo: () => ((kept = true), bring(id)) });
  let started = false;
  const stop = effect(() => {
    if (started || toasts.value.some((entry) => entry.id === shown)) return;
    started = true;
    setTimeout(() => {
      stop();
      if (!kept) removeProvider(id).catch(complain).finally(() => bring(id));
    }, GRACE_MS);
  });
}

function bring(id) {
  leaving.value = new Set([...leaving.value].filter((other) => other !== id));
}
