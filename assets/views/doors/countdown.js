/** The seconds that are left of a wait, counted down on the page. */
import { useEffect, useState } from "../../vendor/hooks.js";

const TICK_MS = 250;

/**
 * Answers how many seconds are left, and a way to start a wait.
 * @returns {[number, (seconds: number) => void]}
 */
export function useCountdown() {
  const [end, setEnd] = useState(0);
  const [left, setLeft] = useState(0);
  useEffect(() => {
    if (!end) return undefined;
    const tick = () => setLeft(Math.max(0, Math.ceil((end - performance.now()) / 1000)));
    tick();
    const timer = setInterval(tick, TICK_MS);
    return () => clearInterval(timer);
  }, [end]);
  return [left, (seconds) => setEnd(performance.now() + seconds * 1000)];
}
