// What is different between two traces of the same kind of request: by operation, what was added, what is
// missing, and where the time went.

import { type SpanBatch, StatusCode } from "@clew/model";
import { selfTimes } from "./self-time.ts";
import type { TraceLayout } from "./trace-layout.ts";

export interface LaidOutTrace {
  readonly batch: SpanBatch;
  readonly layout: TraceLayout;
}

/** The spans of one operation in one trace. */
export interface OperationTally {
  readonly spans: number;
  readonly errors: number;
  /** Nanoseconds, summed. */
  readonly self: number;
  readonly duration: number;
}

export interface OperationDifference {
  readonly service: string;
  readonly name: string;
  readonly base: OperationTally;
  readonly other: OperationTally;
}

export interface TraceDifference {
  readonly base: OperationTally;
  readonly other: OperationTally;
  /** Operations that differ in their number of spans or errors or in their self time, the most changed self time first. */
  readonly operations: readonly OperationDifference[];
}

const nothing: OperationTally = { spans: 0, errors: 0, self: 0, duration: 0 };

/** Compares two traces. `duration` of the totals is that of the whole trace. */
export function compareTraces(base: LaidOutTrace, other: LaidOutTrace): TraceDifference {
  const before = tallies(base);
  const after = tallies(other);
  const keys = new Set([...before.keys(), ...after.keys()]);
  const operations = [...keys].map((key): OperationDifference => {
    const [service, name] = JSON.parse(key) as [string, string];
    return { service, name, base: before.get(key) ?? nothing, other: after.get(key) ?? nothing };
  });
  return {
    base: total(base, before),
    other: total(other, after),
    operations: operations
      .filter(isDifferent)
      .toSorted((a, b) => Math.abs(change(b)) - Math.abs(change(a))),
  };
}

function change({ base, other }: OperationDifference): number {
  return other.self - base.self;
}

function isDifferent({ base, other }: OperationDifference): boolean {
  return base.spans !== other.spans || base.errors !== other.errors || base.self !== other.self;
}

function tallies({ batch, layout }: LaidOutTrace): Map<string, OperationTally> {
  const self = selfTimes(layout);
  const found = new Map<string, OperationTally>();
  for (let row = 0; row < layout.rowCount; row++) {
    const span = layout.span[row] as number;
    if (span < 0) continue;
    const service = layout.services[layout.service[row] as number] ?? "";
    const key = JSON.stringify([service, batch.strings.text(batch.name[span] as number)]);
    const tally = found.get(key) ?? nothing;
    found.set(key, {
      spans: tally.spans + 1,
      errors: tally.errors + (batch.status[span] === StatusCode.Error ? 1 : 0),
      self: tally.self + (self[row] as number),
      duration: tally.duration + (layout.duration[row] as number),
    });
  }
  return found;
}

function total(
  { layout }: LaidOutTrace,
  operations: ReadonlyMap<string, OperationTally>,
): OperationTally {
  let self = 0;
  for (const tally of operations.values()) self += tally.self;
  const { spanCount, errorCount, durationNano } = layout;
  return { spans: spanCount, errors: errorCount, self, duration: durationNano };
}
