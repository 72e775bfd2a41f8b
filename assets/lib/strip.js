/**
 * Scrolls a strip of links until the current one is in sight. `scrollIntoView` would also move the place that Tab goes
 * on from, past the link that skips to the content.
 */
export function showCurrent(/** @type {HTMLElement} */ strip) {
  const link = strip.querySelector("[aria-current]");
  if (!link) return;
  const [inner, outer] = [link.getBoundingClientRect(), strip.getBoundingClientRect()];
  strip.scrollLeft += Math.min(0, inner.left - outer.left) + Math.max(0, inner.right - outer.right);
}
