/** The messages of a conversation as a tree, laid out for the branches panel. */

/**
 * Rows in reading order. A run of single children stays at one depth; only a fork indents.
 * @param {{id: string, parent_id: string|null, created_at: string}[]} items
 */
export function treeRows(items) {
  const children = new Map();
  const known = new Set(items.map((item) => item.id));
  for (const item of items) {
    const parent = known.has(item.parent_id) ? item.parent_id : null;
    if (!children.has(parent)) children.set(parent, []);
    children.get(parent).push(item);
  }
  const rows = [];
  const waiting = (children.get(null) ?? []).map((item) => ({ item, depth: 0 })).reverse();
  if (waiting.length > 1) waiting.forEach((entry) => (entry.depth = 1));
  while (waiting.length) {
    const { item, depth } = waiting.pop();
    const below = children.get(item.id) ?? [];
    rows.push({ ...item, depth, forks: below.length });
    const next = below.length > 1 ? depth + 1 : depth;
    for (const child of [...below].reverse()) waiting.push({ item: child, depth: next });
  }
  return rows;
}
