/**
 * News that come while a list is fetched: the answer may be older than they are, so they are applied once more when it
 * is in place.
 * @template T
 * @param {(news: T) => void} apply the same news twice change nothing
 */
export function meanwhile(apply) {
  const fetches = new Set();
  return {
    /** @param {T} news */
    heard(news) {
      for (const late of fetches) late.push(news);
      apply(news);
    },
    /** @template R @param {() => Promise<R>} run fetches, and puts the answer in place */
    async during(run) {
      const late = [];
      fetches.add(late);
      try {
        return await run();
      } finally {
        fetches.delete(late);
        late.forEach(apply);
      }
    },
  };
}

/**
 * A fetch of something whole, asked for whenever it changed: an answer that comes after that of a later fetch is older,
 * and thrown away.
 * @template T @param {(...args: any[]) => Promise<T>} fetch @param {(answer: T) => void} show
 */
export function newest(fetch, show) {
  let asked = 0;
  let shown = 0;
  return async (/** @type {any[]} */ ...args) => {
    const mine = ++asked;
    const answer = await fetch(...args);
    if (mine < shown) return;
    shown = mine;
    show(answer);
  };
}
