// Self time: how long a span worked while none of its children did.

import { childRows } from "./child-rows.ts";
import type { TraceLayout } from "./trace-layout.ts";

/** Nanoseconds by row: the duration less the time that children cover, each counted once and only inside the row. */
export function selfTimes(layout: TraceLayout): Float64Array<ArrayBuffer> {
  const { start, duration, rowCount } = layout;
  const times = new Float64Array(rowCount);
  for (let row = 0; row < rowCount; row++) {
    const from = start[row] as number;
    const to = from + (duration[row] as number);
    let covered = 0;
    let until = from;
    // By start, so that one look back tells what is covered already.
    const children = childRows(layout, row).toSorted(
      (a, b) => (start[a] as number) - (start[b] as number),
    );
    for (const child of children) {
      const begin = Math.max(start[child] as number, until);
      const end = Math.min((start[child] as number) + (duration[child] as number), to);
      if (end <= begin) continue;
      covered += end - begin;
      until = end;
    }
    times[row] = to - from - covered;
  }
  return times;
}
