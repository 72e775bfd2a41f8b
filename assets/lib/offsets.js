/**
 * The arithmetic of a virtual list: heights known or guessed, positions, and which rows a window shows.
 * It touches no page, so that it can be reasoned about alone.
 */

/** Positions of the tops of `keys`, with the whole height as the last entry. */
export function tops(keys, heightOf) {
  const positions = new Float64Array(keys.length + 1);
  for (let index = 0; index < keys.length; index += 1) {
    positions[index + 1] = positions[index] + heightOf(keys[index]);
  }
  return positions;
}

/** The index of the row that covers `y` (the nearest one outside the list). */
export function rowAt(positions, y) {
  let low = 0;
  let high = positions.length - 2;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (positions[middle] <= y) low = middle;
    else high = middle - 1;
  }
  return Math.max(0, low);
}

/** First and one past the last row to draw for a window, with `spare` pixels around it. */
export function windowOf(positions, top, height, spare) {
  const count = positions.length - 1;
  if (count <= 0) return [0, 0];
  return [rowAt(positions, top - spare), Math.min(count, rowAt(positions, top + height + spare) + 1)];
}
