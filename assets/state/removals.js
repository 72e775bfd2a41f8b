/**
 * Things on their way out that the server could not give back, such as a provider with its key or a collection with
 * its documents in it: they are only hidden while the toast with its Undo stands, and deleted when that has gone.
 */
import { effect, signal } from "../vendor/signals.js";
import { complain, toast, toasts } from "./notices.js";

/** A toast goes away just before its Undo runs; only then is it known which of the two it was. */
const GRACE_MS = 300;

/** Ids of what is hidden for now. */
export const leaving = signal(/** @type {Set<string>} */ (new Set()));

/**
 * Removes something once its Undo has passed.
 * @param {{id: string, text: string, run: () => Promise<any>}} what `run` asks the server
 */
export function removeLater({ id, text, run }) {
  let kept = false;
  leaving.value = new Set([...leaving.value, id]);
  const shown = toast({ text, undo: () => ((kept = true), bring(id)) });
  let started = false;
  const stop = effect(() => {
    if (started || toasts.value.some((entry) => entry.id === shown)) return;
    started = true;
    setTimeout(() => {
      stop();
      if (!kept) run().catch(complain).finally(() => bring(id));
    }, GRACE_MS);
  });
}

function bring(id) {
  leaving.value = new Set([...leaving.value].filter((other) => other !== id));
}
