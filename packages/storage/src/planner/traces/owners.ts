// Whose value is meant: that of the span itself, of its parent or of the trace's root.

import type { TraceView } from "./trace-view.ts";

export type Owner = "self" | "parent" | "root";

/** Row of the span that is meant; negative where there is none. */
export function ownerRow(trace: TraceView, row: number, owner: Owner): number {
  if (owner === "self") return row;
  return owner === "root" ? trace.root : (trace.kinship.parents[row] as number);
}
