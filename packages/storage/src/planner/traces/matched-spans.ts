// The spans that a pipeline about whole traces finds, all of them and in no order: what metrics over such a
// pipeline (`{ a } >> { b } | rate() by(...)`) add up. Columns, so that no object is made for a span.

import type { TimeRange, TypedValue } from "@clew/model";
import type { FieldExpression, FieldReference, Pipeline } from "@clew/traceql";
import type { Engine } from "../../engines/engine.ts";
import type { ReadContext } from "../../read/read-context.ts";

export interface MatchedSpansQuery {
  readonly tenant: string;
  /** Spans that start inside it are given; their traces are seen whole. */
  readonly range: TimeRange;
  readonly pipeline: Pipeline;
  /** Values wanted of each span, e.g. those of `by()`; owners parent and root and trace-level intrinsics too. */
  readonly fields: readonly FieldReference[];
  /** Numbers wanted of each span, e.g. what a function aggregates. */
  readonly numbers: readonly FieldExpression[];
}

/** One batch. Arrays are reused by the next one: what is needed later must be copied. */
export interface MatchedSpans {
  readonly length: number;
  /** 16 bytes a span. */
  readonly traceIds: Uint8Array;
  /** 8 bytes a span. */
  readonly spanIds: Uint8Array;
  /** Nanoseconds since 1970. */
  readonly startNano: BigInt64Array;
  readonly durationNano: BigInt64Array;
  /** A column for each of the query's `fields`: index into `dictionary`; 0 is nil. */
  readonly values: readonly Uint32Array[];
  /** Grows from batch to batch; an index means the same value in all of them. */
  readonly dictionary: readonly TypedValue[];
  /** A column for each of the query's `numbers`; NaN where there is none. Durations in nanoseconds. */
  readonly numbers: readonly Float64Array[];
}

/** @throws ClewError `limit_exceeded`, `cancelled`, `bad_request` as reads of the store do. */
export function readMatchedSpans(
  engine: Engine,
  query: MatchedSpansQuery,
  context: ReadContext,
): AsyncGenerator<MatchedSpans, void, undefined> {
  throw new Error(`not yet: ${engine.kind} ${query.tenant} ${context}`);
}
