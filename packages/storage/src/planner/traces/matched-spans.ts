// The spans that a pipeline about whole traces finds, all of them and in no order: what metrics over such a
// pipeline (`{ a } >> { b } | rate() by(...)`) add up. Columns, so that no object is made for a span.

import { grown } from "@clew/base";
import type { TimeRange, TypedValue } from "@clew/model";
import type { FieldExpression, FieldReference, Pipeline } from "@clew/traceql";
import type { Engine } from "../../engines/engine.ts";
import type { ReadContext } from "../../read/read-context.ts";
import { storableRange } from "../../read/span-condition.ts";
import { prepareFields } from "../field-sql.ts";
import { type Candidate, CandidateSource } from "./candidates.ts";
import { ReadBudget } from "./read-budget.ts";
import { TraceReading } from "./read-traces.ts";
import { rowsOf, wholeTrace } from "./spanset.ts";
import type { Term, Test } from "./terms.ts";
import type { TraceColumns } from "./trace-columns.ts";
import { planTraces, type TracePlan } from "./trace-plan.ts";
import { TraceView } from "./trace-view.ts";
import { numberOf, typedValue, type Value, valueKey } from "./values.ts";

const MINUTE_NANO = 60_000_000_000n;
const FIRST_WINDOW_NANO = 10n * MINUTE_NANO;
/** The engine holds sets of the trace ids of a window in memory. */
const MAX_WINDOW_MINUTES = 1440;
/** Candidates of one query, and traces of one reading. */
const MAX_BITE = 20_000;
/** A metric adds up every trace there is; time is what ends it. */
const MAX_TRACES = 10_000_000;

export interface MatchedSpansQuery {
  readonly tenant: string;
  /** Spans that start inside it are given; their traces are seen whole. */
  readonly range: TimeRange;
  readonly pipeline: Pipeline;
  /** Values wanted of each span, e.g. those of `by()`; owners parent and root and trace-level intrinsics too. */
  readonly fields: readonly FieldReference[];
  /** Numbers wanted of each span, e.g. what a function aggregates. */
  readonly numbers: readonly FieldExpression[];
  /** Conditions of which each span is asked whether they hold. */
  readonly conditions?: readonly FieldExpression[];
  /** Whether the spans are looked up again by their keys. */
  readonly needsKeys?: boolean;
}

/** One batch. Arrays are reused by the next one: what is needed later must be copied. */
export interface MatchedSpans {
  readonly length: number;
  /** 16 bytes a span. */
  readonly traceIds: Uint8Array;
  /** 8 bytes a span. */
  readonly spanIds: Uint8Array;
  /** See `SPAN_KEY`; empty unless asked for. */
  readonly keys: BigUint64Array;
  /** Nanoseconds since 1970. */
  readonly startNano: BigInt64Array;
  readonly durationNano: BigInt64Array;
  /** A column for each of the query's `fields`: index into `dictionary`; 0 is nil. */
  readonly values: readonly Uint32Array[];
  /** Grows from batch to batch; an index means the same value in all of them. */
  readonly dictionary: readonly TypedValue[];
  /** A column for each of the query's `numbers`; NaN where there is none. Durations in nanoseconds. */
  readonly numbers: readonly Float64Array[];
  /** A column for each of the query's `conditions`: 1 where it holds. */
  readonly flags: readonly Uint8Array[];
}

/** @throws ClewError `limit_exceeded`, `cancelled`, `bad_request` as reads of the store do. */
export async function* readMatchedSpans(
  engine: Engine,
  query: MatchedSpansQuery,
  context: ReadContext,
): AsyncGenerator<MatchedSpans, void, undefined> {
  const { tenant, pipeline } = query;
  const range = storableRange(query.range);
  const budget = new ReadBudget(context, MAX_TRACES);
  const plan = planTraces(pipeline, {
    fields: [...query.fields, ...query.numbers],
    conditions: query.conditions ?? [],
    needsKeys: query.needsKeys ?? false,
  });
  const fields = await prepareFields(
    engine,
    tenant,
    [...plan.conditions, ...plan.values, ...plan.choices],
    budget.context,
  );
  const reading = new TraceReading(engine, tenant, plan, fields, budget);
  const source = new CandidateSource(engine, query, plan, fields, budget);
  const batch = new SpanCollector(plan, reading.columns, query.fields.length);
  const width = source.isIndexOnly ? range.endNano - range.startNano : FIRST_WINDOW_NANO;
  for await (const { window, candidates } of candidateWindows(source, range, width)) {
    batch.clear();
    await reading.read(candidates, (trace) => batch.collect(trace, window));
    if (batch.length > 0) yield batch;
  }
}

/** Candidates by windows of time that hold about as many as one reading takes. */
async function* candidateWindows(
  source: CandidateSource,
  range: TimeRange,
  firstWidth: bigint,
): AsyncGenerator<{ window: TimeRange; candidates: readonly Candidate[] }> {
  let width = firstWidth;
  for (let endNano = range.endNano; endNano > range.startNano; ) {
    const wanted = endNano - width - ((endNano - width) % MINUTE_NANO);
    const startNano = wanted > range.startNano ? wanted : range.startNano;
    const window = { startNano, endNano };
    const asked = { sort: "newest", window, limit: MAX_BITE } as const;
    let candidates = await source.read(asked);
    let found = candidates.length;
    if (found > 0) yield { window, candidates };
    for (let after = candidates.at(-1); after !== undefined && candidates.length === MAX_BITE; ) {
      candidates = await source.read({ ...asked, after });
      found += candidates.length;
      if (candidates.length > 0) yield { window, candidates };
      after = candidates.at(-1);
    }
    width = nextWidth(width, found);
    endNano = startNano;
  }
}

function nextWidth(width: bigint, found: number): bigint {
  const factor = Math.max(1 / 16, Math.min(8, MAX_BITE / 2 / Math.max(1, found)));
  const minutes = Math.max(1, Math.floor((Number(width) / Number(MINUTE_NANO)) * factor));
  return BigInt(Math.min(MAX_WINDOW_MINUTES, minutes)) * MINUTE_NANO;
}

/** Gathers the result's spans of the traces in `columns`. */
class SpanCollector implements MatchedSpans {
  length = 0;
  traceIds: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  spanIds: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  keys = new BigUint64Array(0);
  startNano = new BigInt64Array(0);
  durationNano = new BigInt64Array(0);
  readonly values: Uint32Array<ArrayBuffer>[];
  readonly dictionary: TypedValue[] = [{ type: "nil" }];
  readonly numbers: Float64Array<ArrayBuffer>[];
  readonly flags: Uint8Array<ArrayBuffer>[];
  readonly #plan: TracePlan;
  readonly #columns: TraceColumns;
  readonly #view: TraceView;
  #spanIdBytes = new Uint8Array(0);
  #spanKeys: BigUint64Array | undefined;
  readonly #ids = new Map<string, number>();

  constructor(plan: TracePlan, columns: TraceColumns, fields: number) {
    this.#plan = plan;
    this.#columns = columns;
    this.#view = new TraceView(columns);
    this.values = Array.from({ length: fields }, () => new Uint32Array(0));
    this.numbers = plan.terms.slice(fields).map(() => new Float64Array(0));
    this.flags = plan.tests.map(() => new Uint8Array(0));
  }

  clear(): void {
    this.length = 0;
  }

  /** Adds those of a trace's spans that start in the window. */
  collect(trace: number, { startNano, endNano }: TimeRange): void {
    this.#seeColumns();
    const view = this.#view;
    view.open(trace);
    for (const row of rowsOf(this.#plan.run(view, wholeTrace(view)))) {
      const start = view.startNano(row);
      if (start >= startNano && start < endNano) this.#add(trace, row);
    }
  }

  #seeColumns(): void {
    const { spanIds, keys } = this.#columns;
    if (this.#spanIdBytes.buffer === spanIds.buffer) return;
    this.#spanIdBytes = new Uint8Array(spanIds.buffer);
    this.#spanKeys = keys[0] === undefined ? undefined : new BigUint64Array(keys[0].buffer);
  }

  #add(trace: number, row: number): void {
    const at = this.length++;
    if (at >= this.startNano.length) this.#grow();
    const view = this.#view;
    this.traceIds.set(this.#columns.traceIds.subarray(trace * 16, trace * 16 + 16), at * 16);
    const from = (view.from + row) * 8;
    this.spanIds.set(this.#spanIdBytes.subarray(from, from + 8), at * 8);
    if (this.#spanKeys !== undefined) this.keys[at] = this.#spanKeys[view.from + row] as bigint;
    this.startNano[at] = view.startNano(row);
    this.durationNano[at] = view.spanDurationNano(row);
    const { terms, tests } = this.#plan;
    for (const [i, column] of this.values.entries())
      column[at] = this.#id((terms[i] as Term)(view, row));
    for (const [i, column] of this.numbers.entries()) {
      const number = numberOf((terms[this.values.length + i] as Term)(view, row));
      column[at] = number === undefined ? Number.NaN : Number(number);
    }
    for (const [i, column] of this.flags.entries())
      column[at] = (tests[i] as Test)(view, row) ? 1 : 0;
  }

  #id(value: Value): number {
    if (value.type === "nil") return 0;
    const key = valueKey(value);
    let id = this.#ids.get(key);
    if (id === undefined) {
      id = this.dictionary.push(typedValue(value)) - 1;
      this.#ids.set(key, id);
    }
    return id;
  }

  #grow(): void {
    this.traceIds = grown(this.traceIds, this.length * 16);
    const capacity = this.traceIds.length / 16;
    this.spanIds = grown(this.spanIds, capacity * 8);
    if (this.#spanKeys !== undefined) this.keys = new BigUint64Array(longer(this.keys, capacity));
    this.startNano = new BigInt64Array(longer(this.startNano, capacity));
    this.durationNano = new BigInt64Array(longer(this.durationNano, capacity));
    for (const columns of [this.values, this.numbers, this.flags])
      for (const [i, column] of columns.entries()) columns[i] = grown(column, capacity);
  }
}

/** The column's bytes in a buffer for `length` words of 64 bits. */
function longer({ buffer }: BigInt64Array | BigUint64Array, length: number): ArrayBuffer {
  const larger = new Uint8Array(length * 8);
  larger.set(new Uint8Array(buffer));
  return larger.buffer;
}
