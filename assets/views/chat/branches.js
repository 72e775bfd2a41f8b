/** Every branch of a chat, as a tree; a click shows the branch through that message. */
import { plainText } from "../../lib/markdown.js";
import { go } from "../../lib/router.js";
import { t } from "../../lib/text.js";
import { treeRows } from "../../lib/tree.js";
import { loadTree } from "../../state/asking.js";
import { reasonOf } from "../../state/notices.js";
import { openThread } from "../../state/threads.js";
import { useEffect, useState } from "../../vendor/hooks.js";
import { html } from "../../vendor/html.js";
import { VirtualList } from "../../components/virtual-list.js";

const ROW_REM = 2.25;
const DEEPEST = 6;
const guess = () => ROW_REM * parseFloat(getComputedStyle(document.documentElement).fontSize);

/** @param {{id: string}} props */
export function Branches({ id }) {
  const [tree, setTree] = useState(null);
  const [error, setError] = useState(null);
  const path = openThread(id).path.value;
  useEffect(() => {
    let left = false;
    loadTree(id).then(
      (items) => left || setTree(treeRows(items)),
      (cause) => left || setError(cause),
    );
    return () => {
      left = true;
    };
  }, [id, path]);
  if (error && !tree) return html`<p class="empty">${reasonOf(error)}</p>`;
  if (!tree) return html`<p class="empty"><span class="spinner"></span></p>`;
  if (!tree.length) return html`<p class="empty">${t("branches.none")}</p>`;
  const known = new Set(tree.map((row) => row.id));
  const roots = tree.filter((row) => !known.has(row.parent_id)).length;
  const forks = tree.filter((row) => row.forks > 1).length + (roots > 1 ? 1 : 0);
  const byId = new Map(tree.map((row) => [row.id, row]));
  const draw = (key) => html`<${Node} row=${byId.get(key)} id=${id} />`;
  return html`<p class="hint branches-hint">${forks ? t("branches.count", { n: forks }) : t("branches.straight")}</p>
    <${VirtualList} class="branch-list" keys=${tree.map((row) => row.id)} guess=${guess} row=${draw} fixed />`;
}

function Node({ row, id }) {
  const indent = { paddingInlineStart: `${0.5 + Math.min(row.depth, DEEPEST) * 0.875}rem` };
  return html`<button type="button" class=${`branch-node ${row.role} ${row.active ? "active" : ""}`} style=${indent} aria-current=${row.active ? "true" : undefined} onClick=${() => go(`/c/${id}?m=${row.id}`)}>
    <span class="branch-dot"></span><span class="cut">${plainText(row.text) || t(`role.${row.role}`)}</span>
    ${row.forks > 1 && html`<span class="badge">${row.forks}</span>`}
  </button>`;
}
