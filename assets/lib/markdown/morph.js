/** Makes nodes look like others with as little change as can be, so that a selection survives while text streams in. */

/**
 * Turns the neighbours `olds` under `parent` into `news`; answers the nodes that stand there now.
 * @param {Node} parent
 * @param {ChildNode[]} olds
 * @param {ChildNode[]} news
 * @param {Node | null} [end] what stands behind them
 * @returns {ChildNode[]}
 */
export function morph(parent, olds, news, end = olds.at(-1)?.nextSibling ?? null) {
  const result = news.map((fresh, index) => {
    const old = olds[index];
    if (!old) return parent.insertBefore(fresh, end);
    if (old.isEqualNode(fresh)) return old;
    if (alike(old, fresh)) {
      if (old instanceof Text) old.data = /** @type {Text} */ (fresh).data;
      else morph(old, [...old.childNodes], [...fresh.childNodes], null);
      return old;
    }
    old.replaceWith(fresh);
    return fresh;
  });
  for (const old of olds.slice(news.length)) old.remove();
  return result;
}

function alike(old, fresh) {
  if (old instanceof Text) return fresh instanceof Text;
  return old instanceof Element && fresh instanceof Element && old.cloneNode(false).isEqualNode(fresh.cloneNode(false));
}
