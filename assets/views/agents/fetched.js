/** Something that a view fetches for itself, and again whenever it may have changed. */
import { followBus } from "../../state/bus.js";
import { useCallback, useEffect, useState } from "../../vendor/hooks.js";

/**
 * @template T
 * @param {() => Promise<T>} load
 * @param {any[]} inputs another of these is another thing
 * @param {"bus"|"webhooks"} [what] what makes it stale
 * @returns {{value: T|null, busy: boolean, error: any, again: () => void}} what is known stays while it is fetched again
 */
export function useFetched(load, inputs, what = "bus") {
  const [now, setNow] = useState(/** @type {{value: T|null, busy: boolean, error: any}} */ ({ value: null, busy: true, error: null }));
  const [round, setRound] = useState(0);
  useEffect(() => {
    let left = false;
    const run = async () => {
      try {
        const value = await load();
        if (!left) setNow({ value, busy: false, error: null });
      } catch (error) {
        if (!left) setNow((before) => ({ ...before, busy: false, error }));
      }
    };
    setNow({ value: null, busy: true, error: null });
    run();
    const stop = followBus(run, what);
    return () => {
      left = true;
      stop();
    };
  }, [...inputs, round]);
  const again = useCallback(() => setRound((count) => count + 1), []);
  return { ...now, again };
}
