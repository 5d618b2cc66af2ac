// Which rows of a laid-out trace are on screen when some subtrees are collapsed.

import type { TraceLayout } from "@clew/analysis";

type Tree = Pick<TraceLayout, "rowCount" | "parent" | "depth" | "size">;

/** Rows to show, in order: every row that has no collapsed row above it. */
export function visibleRows(tree: Tree, collapsed: Uint8Array): Uint32Array<ArrayBuffer> {
  const rows = new Uint32Array(tree.rowCount);
  let count = 0;
  for (let row = 0; row < tree.rowCount; ) {
    rows[count++] = row;
    // Rows are depth first, so a collapsed row's subtree is the run right behind it.
    row += collapsed[row] === 1 ? (tree.size[row] as number) : 1;
  }
  return rows.slice(0, count);
}

/** Position of `row` in `rows`, or of the closest row above that is shown when it is hidden itself. */
export function positionOf(rows: Uint32Array, row: number): number {
  let low = 0;
  let high = rows.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((rows[middle] as number) <= row) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Opens every ancestor of `row`. Returns whether anything changed. */
export function openAncestors(tree: Tree, collapsed: Uint8Array, row: number): boolean {
  let changed = false;
  for (let above = tree.parent[row] as number; above >= 0; above = tree.parent[above] as number) {
    if (collapsed[above] !== 1) continue;
    collapsed[above] = 0;
    changed = true;
  }
  return changed;
}

/** Collapses all rows that have children at `depth` or deeper; a smaller depth hides more. */
export function collapseFrom(tree: Tree, collapsed: Uint8Array, depth: number): void {
  for (let row = 0; row < tree.rowCount; row++) {
    collapsed[row] = (tree.size[row] as number) > 1 && (tree.depth[row] as number) >= depth ? 1 : 0;
  }
}

/** The depth of the deepest row on screen, which "one level less" folds away. */
export function deepestVisible(tree: Tree, rows: Uint32Array): number {
  let deepest = 0;
  for (const row of rows) deepest = Math.max(deepest, tree.depth[row] as number);
  return deepest;
}

/** Closest row before (`-1`) or after (`1`) `row` with the same parent, or -1. */
export function siblingOf(tree: Tree, row: number, direction: -1 | 1): number {
  const parent = tree.parent[row] as number;
  if (direction === 1) {
    const next = row + (tree.size[row] as number);
    return next < tree.rowCount && tree.parent[next] === parent ? next : -1;
  }
  // The row above belongs to the sibling's subtree: climb from it to the sibling.
  let at = row - 1;
  while (at > parent && tree.parent[at] !== parent) at = tree.parent[at] as number;
  return at > parent ? at : -1;
}
