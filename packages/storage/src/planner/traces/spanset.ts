// Sets of spans of one trace, the things that pipelines take and give.

import { type Rows, union } from "./structural.ts";
import type { TraceView } from "./trace-view.ts";
import type { Value } from "./values.ts";

export interface Spanset {
  /** Never empty. */
  readonly rows: Rows;
  /** What `by()` and aggregates found, in the order of the text. */
  readonly values: readonly { readonly name: string; readonly value: Value }[];
}

/** What a pipeline makes of a spanset; none where it does not hold. */
export type CompiledPipeline = (trace: TraceView, given: Spanset) => readonly Spanset[];
/** All rows of the spansets, each once. */
export function rowsOf(spansets: readonly Spanset[]): Rows {
  const [first, second] = spansets;
  if (first === undefined) return [];
  if (second === undefined) return first.rows;
  if (spansets.length === 2) return union(first.rows, second.rows);
  // Groups may be as many as spans.
  const all = new Set<number>();
  for (const { rows } of spansets) for (const row of rows) all.add(row);
  return [...all].sort((a, b) => a - b);
}

/** What a pipeline begins with. */
export function wholeTrace({ rows }: TraceView): Spanset {
  return { rows, values: [] };
}
