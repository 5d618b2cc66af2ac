// What field expressions are compiled into, and whose values they mean: those of the span itself, of its parent
// or of the trace's root.

import type { TraceView } from "./trace-view.ts";
import type { Value } from "./values.ts";

/** Whether something holds for a row of the trace. */
export type Test = (trace: TraceView, row: number) => boolean;
/** What something is for a row of the trace. */
export type Term = (trace: TraceView, row: number) => Value;

export type Owner = "self" | "parent" | "root";

/** Row of the span that is meant; negative where there is none. */
export function ownerRow(trace: TraceView, row: number, owner: Owner): number {
  if (owner === "self") return row;
  return owner === "root" ? trace.root : (trace.kinship.parents[row] as number);
}
