// The children of each row of a laid-out trace, by start: rows are depth first, so a child follows its parent
// and the subtree of the child before it.

import type { TraceLayout } from "./trace-layout.ts";

/** Rows whose parent is `row`, in the order of the layout. */
export function childRows({ size }: TraceLayout, row: number): number[] {
  const rows: number[] = [];
  const end = row + (size[row] as number);
  for (let child = row + 1; child < end; child += size[child] as number) rows.push(child);
  return rows;
}

/** Rows without a parent. */
export function rootRows({ size, rowCount }: TraceLayout): number[] {
  const rows: number[] = [];
  for (let row = 0; row < rowCount; row += size[row] as number) rows.push(row);
  return rows;
}

/** The root that lasts longest, the first of equals; undefined for an empty trace. */
export function mainRoot(layout: TraceLayout): number | undefined {
  let best: number | undefined;
  for (const row of rootRows(layout)) {
    const longest = best === undefined ? -1 : (layout.duration[best] as number);
    if ((layout.duration[row] as number) > longest) best = row;
  }
  return best;
}
