// The first stage of a pipeline about whole traces: its spans come one by one and are added up here, by the
// same rules as the engine's.

import type { TypedValue } from "@clew/model";
import type { Pipeline, RangeAggregate } from "@clew/traceql";
import type { Engine } from "../../engines/engine.ts";
import type { ReadContext } from "../../read/read-context.ts";
import { type MatchedSpans, readMatchedSpans } from "../traces/matched-spans.ts";
import type { Cells } from "./cells.ts";
import { exemplarRoom, onePerTrace } from "./exemplars.ts";
import { bucketExponent, type GroupExemplar, isDuration } from "./first-stage.ts";
import { hashBytes, type LeastHashed } from "./least-hashed.ts";
import { nearestRank } from "./quantile.ts";
import { type Steps, startsOf, stepAt } from "./steps.ts";

export interface TraceScan {
  readonly tenant: string;
  readonly pipeline: Pipeline;
  readonly range: RangeAggregate;
  readonly steps: Steps;
  readonly exemplars: number;
}

/** Folds the pipeline's spans into `cells` and returns exemplars. */
export async function traceCells(
  engine: Engine,
  scan: TraceScan,
  cells: Cells,
  context: ReadContext,
): Promise<readonly GroupExemplar[]> {
  const { tenant, pipeline, range } = scan;
  const adder = new SpanAdder(scan, cells);
  const query = {
    tenant,
    pipeline,
    range: startsOf(scan.steps),
    fields: range.by,
    numbers: range.argument === undefined ? [] : [range.argument],
  };
  for await (const spans of readMatchedSpans(engine, query, context)) {
    for (let row = 0; row < spans.length; row++) adder.add(spans, row);
  }
  adder.finish();
  return onePerTrace(adder.room.items());
}

/** Adds spans to cells. */
class SpanAdder {
  readonly room: LeastHashed<GroupExemplar>;
  readonly #scan: TraceScan;
  readonly #cells: Cells;
  /** By the indexes of a group's values, and a histogram's exponent. */
  readonly #groups = new Map<string, number>();
  /** What quantiles are taken of: by group * steps + step. */
  readonly #numbers = new Map<number, number[]>();

  constructor(scan: TraceScan, cells: Cells) {
    this.#scan = scan;
    this.#cells = cells;
    this.room = exemplarRoom(scan.exemplars);
  }

  add(spans: MatchedSpans, row: number): void {
    const { range, steps } = this.#scan;
    const number = range.argument === undefined ? 1 : (spans.numbers[0]?.[row] as number);
    if (Number.isNaN(number)) return;
    const isHistogram = range.function === "histogram_over_time";
    const exponent = isHistogram ? bucketExponent(number) : undefined;
    if (isHistogram && exponent === undefined) return;
    const group = this.#group(spans, row, exponent);
    const step = stepAt(steps, spans.startNano[row] as bigint);
    this.#fold(group, step, isHistogram ? 1 : number);
    if (this.#scan.exemplars === 0) return;
    const trace = hashBytes(spans.traceIds.subarray(row * 16, row * 16 + 16));
    const hash = hashBytes(spans.spanIds.subarray(row * 8, row * 8 + 8), trace);
    this.room.offer(`${group} ${step}`, hash, () =>
      this.#exemplar(spans, row, group, step, number),
    );
  }

  /** Takes the quantiles of what was collected. */
  finish(): void {
    const { range, steps } = this.#scan;
    for (const [at, numbers] of this.#numbers) {
      const sorted = Float64Array.from(numbers).sort();
      const group = Math.floor(at / steps.count);
      for (const [column, p] of range.quantiles.entries()) {
        this.#cells.fold(group, column, at % steps.count, nearestRank(sorted, p));
      }
    }
  }

  #fold(group: number, step: number, number: number): void {
    if (this.#scan.range.function === "quantile_over_time") {
      const at = group * this.#scan.steps.count + step;
      const numbers = this.#numbers.get(at);
      if (numbers === undefined) this.#numbers.set(at, [number]);
      else numbers.push(number);
      return;
    }
    this.#cells.fold(group, 0, step, number);
    if (this.#scan.range.function === "avg_over_time") this.#cells.fold(group, 1, step, 1);
  }

  #group(spans: MatchedSpans, row: number, exponent: number | undefined): number {
    let key = `${exponent}`;
    for (const column of spans.values) key += ` ${column[row]}`;
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const values: TypedValue[] = spans.values.map(
      (column) => spans.dictionary[column[row] as number] ?? { type: "nil" },
    );
    if (exponent !== undefined) values.push({ type: "int", value: String(exponent) });
    const group = this.#cells.group(values);
    this.#groups.set(key, group);
    return group;
  }

  #exemplar(
    spans: MatchedSpans,
    row: number,
    group: number,
    step: number,
    number: number,
  ): GroupExemplar {
    const { range } = this.#scan;
    const hasValue = range.argument !== undefined && range.function !== "histogram_over_time";
    const scale = range.argument !== undefined && isDuration(range.argument) ? 1e9 : 1;
    return {
      group: this.#cells.groups[group] ?? [],
      step,
      traceId: Buffer.from(spans.traceIds.subarray(row * 16, row * 16 + 16)).toString("hex"),
      spanId: Buffer.from(spans.spanIds.subarray(row * 8, row * 8 + 8)).toString("hex"),
      timeMs: Number((spans.startNano[row] as bigint) / 1_000_000n),
      value: hasValue ? number / scale : Number.NaN,
    };
  }
}
