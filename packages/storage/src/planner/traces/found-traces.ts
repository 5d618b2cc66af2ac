// The traces that a search has found so far, best first, with the spans that it shows of them.

import { toHex } from "@clew/model";
import { MAX_SHOWN, tooMuchShown } from "../shown-limit.ts";
import type { Candidate } from "./candidates.ts";
import type { Spanset } from "./spanset.ts";
import type { Term } from "./terms.ts";
import type { TraceView } from "./trace-view.ts";
import type { Value } from "./values.ts";

/** A span among those of its trace; ids may be used twice, but not with one start. */
export interface SpanPlace {
  /** 16 hex digits. */
  readonly spanId: string;
  /** Nanoseconds since 1970. */
  readonly start: bigint;
}

export interface ShownSpan extends SpanPlace {
  readonly duration: bigint;
  readonly parent: SpanPlace | undefined;
  readonly root: SpanPlace | undefined;
  /** Values of the plan's terms. */
  readonly computed: readonly Value[];
}

export interface FoundSpanset {
  readonly matched: number;
  readonly values: Spanset["values"];
  readonly spans: readonly ShownSpan[];
}

/** Where a trace stands in the order of a search: by value, then by id, both falling. */
export interface TracePosition {
  readonly value: bigint;
  readonly traceId: string;
}

export interface FoundTrace extends TracePosition {
  readonly candidate: Candidate;
  readonly spansets: readonly FoundSpanset[];
}

/** Negative where `a` comes before `b`. */
export function comparePositions(a: TracePosition, b: TracePosition): number {
  if (a.value !== b.value) return a.value > b.value ? -1 : 1;
  return a.traceId > b.traceId ? -1 : a.traceId < b.traceId ? 1 : 0;
}

/** The best `size` traces of those offered. */
export class FoundTraces {
  readonly #size: number;
  readonly #maxShown: number;
  /** What is held, as {@link MAX_SHOWN} counts it. */
  #shown = 0;
  #traces: FoundTrace[] = [];
  #isSorted = true;

  constructor(size: number, maxShown: number = MAX_SHOWN) {
    this.#size = size;
    this.#maxShown = maxShown;
  }

  get traces(): readonly FoundTrace[] {
    if (!this.#isSorted) this.#trim();
    return this.#traces;
  }

  #trim(): void {
    this.#traces = this.#traces.sort(comparePositions).slice(0, this.#size);
    this.#shown = this.#traces.reduce((sum, trace) => sum + shownOf(trace), 0);
    this.#isSorted = true;
  }

  /** How many come before or at a position: they can no longer be pushed down by what comes after it. */
  countUpTo(position: TracePosition): number {
    return this.traces.filter((trace) => comparePositions(trace, position) <= 0).length;
  }

  /**
   * `make` is called only for a trace that is good enough.
   * @throws ClewError `limit_exceeded` when the traces show more than memory should hold.
   */
  offer(position: TracePosition, make: () => FoundTrace): void {
    if (this.#traces.length >= 2 * this.#size) void this.traces;
    const last = this.#isSorted ? this.#traces[this.#size - 1] : undefined;
    if (last !== undefined && comparePositions(last, position) <= 0) return;
    const trace = make();
    this.#traces.push(trace);
    this.#shown += shownOf(trace);
    this.#isSorted = false;
    if (this.#shown > this.#maxShown) this.#trim();
    if (this.#shown > this.#maxShown) throw tooMuchShown(this.#maxShown);
  }
}

function shownOf({ spansets }: FoundTrace): number {
  return spansets.reduce((sum, { spans }) => sum + 1 + spans.length, 0);
}

/** The first `most` spans of a spanset by start. */
export function shownSpanset(
  trace: TraceView,
  { rows, values }: Spanset,
  most: number,
  terms: readonly Term[],
  needsKin: boolean,
): FoundSpanset {
  const place = (row: number): SpanPlace | undefined =>
    row < 0 ? undefined : { spanId: spanIdOf(trace, row), start: trace.startNano(row) };
  const spans = rows.slice(0, most).map((row) => ({
    spanId: spanIdOf(trace, row),
    start: trace.startNano(row),
    duration: trace.spanDurationNano(row),
    parent: needsKin ? place(trace.kinship.parents[row] as number) : undefined,
    root: needsKin ? place(trace.root) : undefined,
    computed: terms.map((term) => term(trace, row)),
  }));
  return { matched: rows.length, values, spans };
}

function spanIdOf({ columns, from }: TraceView, row: number): string {
  const at = columns.spanIds.byteOffset + (from + row) * 8;
  return toHex(new Uint8Array(columns.spanIds.buffer, at, 8));
}
