// The shape of a laid-out trace: one row a span, in the order a waterfall shows them (depth first,
// siblings by start). Only typed arrays and strings, so that a worker can hand it over without a copy.

/** Bits of `TraceLayout.flags`. */
export const RowFlag = {
  /** Status error. */
  Error: 1,
  /** The parent id names a span that has not arrived; the row hangs under a placeholder. */
  Orphan: 2,
  /** Starts before its parent: the clocks of the two machines differ. */
  Skewed: 4,
  /** Ends before it starts; drawn with no duration. */
  Negative: 8,
  /** Not a span: stands for a parent that has not arrived. */
  Placeholder: 16,
  /** Another span of the trace has the same id. */
  Duplicate: 32,
  /** Its parents lead back to itself; shown as a root. */
  Cycle: 64,
} as const;

/** Flags that deserve a warning sign beside the name. */
export const warningFlags: number =
  RowFlag.Skewed | RowFlag.Negative | RowFlag.Duplicate | RowFlag.Cycle;

export interface TraceLayout {
  /** Rows: spans and placeholders. */
  readonly rowCount: number;
  readonly spanCount: number;
  /** Nanoseconds since 1970. */
  readonly startNano: bigint;
  /** From the first start to the last end, nanoseconds. */
  readonly durationNano: number;
  readonly maxDepth: number;
  readonly errorCount: number;
  readonly orphanCount: number;
  /** Rows with any of {@link warningFlags}. */
  readonly warningCount: number;
  /** Names of services by order of their first span. */
  readonly services: readonly string[];
  /** Rows by service, same order. */
  readonly serviceSpans: readonly number[];

  /** Span of the batch that row shows, -1 for a placeholder. */
  readonly span: Int32Array<ArrayBuffer>;
  /** Row of a span of the batch: the inverse of `span`. */
  readonly rowOfSpan: Uint32Array<ArrayBuffer>;
  /** Row of the parent, -1 for a root. */
  readonly parent: Int32Array<ArrayBuffer>;
  readonly depth: Uint32Array<ArrayBuffer>;
  /** Rows in the subtree, the row itself included. */
  readonly size: Uint32Array<ArrayBuffer>;
  /** Rows with an error below this one, itself not included. */
  readonly errorsBelow: Uint32Array<ArrayBuffer>;
  /** Nanoseconds after the trace's start. */
  readonly start: Float64Array<ArrayBuffer>;
  /** Nanoseconds, never negative. */
  readonly duration: Float64Array<ArrayBuffer>;
  /** Where the last span of the subtree ends, nanoseconds after the trace's start. */
  readonly subtreeEnd: Float64Array<ArrayBuffer>;
  readonly flags: Uint8Array<ArrayBuffer>;
  /** Index into `services`. */
  readonly service: Uint16Array<ArrayBuffer>;
}

/** Buffers to move, not copy, when a layout is posted between threads. */
export function layoutTransfers(layout: TraceLayout): ArrayBuffer[] {
  return [
    layout.span,
    layout.rowOfSpan,
    layout.parent,
    layout.depth,
    layout.size,
    layout.errorsBelow,
    layout.start,
    layout.duration,
    layout.subtreeEnd,
    layout.flags,
    layout.service,
  ].map((column) => column.buffer);
}
