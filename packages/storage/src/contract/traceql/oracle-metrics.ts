// Series of a metrics query over whole traces. Durations are seconds; a sample stands at the end of its step.

import type {
  MetricsExpression,
  RangeAggregate,
  SecondStage,
  SeriesExpression,
} from "@clew/traceql";
import { valueOf } from "./oracle-fields.ts";
import { evaluate } from "./oracle-spansets.ts";
import type { OracleSpan, OracleTrace } from "./oracle-trace.ts";
import { compare, computeFloats, isNumber, keyOf } from "./oracle-values.ts";

/** Labels (`name=type:value`, without `__name__`) of a series and its values by the end of their step. */
export interface OracleSeries {
  readonly labels: readonly string[];
  readonly samples: ReadonlyMap<number, number>;
}

export interface OracleSteps {
  readonly startNano: bigint;
  readonly endNano: bigint;
  readonly stepNano: bigint;
}

/** All series of an expression; a number is the value itself. */
export function evaluateMetrics(
  node: MetricsExpression,
  traces: readonly OracleTrace[],
  steps: OracleSteps,
): OracleSeries[] | number {
  if (node.kind === "number") return node.value;
  const series =
    node.kind === "series"
      ? firstStage(node, traces, steps)
      : arithmetic(
          node.operator,
          evaluateMetrics(node.left, traces, steps),
          evaluateMetrics(node.right, traces, steps),
        );
  return node.then.reduce(secondStage, series);
}

function firstStage(
  { pipeline, function: fn }: SeriesExpression,
  traces: readonly OracleTrace[],
  steps: OracleSteps,
): OracleSeries[] {
  if (fn.kind === "compare") throw new Error("compare() has an oracle of its own");
  const spans = traces
    .flatMap((trace) => [...new Set(evaluate(pipeline, trace).flatMap((set) => set.spans))])
    .filter(({ start }) => start >= steps.startNano && start < steps.endNano);
  const groups = new Map<string, { labels: string[]; spans: OracleSpan[] }>();
  // Counts are zero where there is nothing; without groups there is one such series in any case.
  if (fn.by.length === 0 && countsSpans(fn)) groups.set("", { labels: [], spans: [] });
  for (const span of spans) {
    const labels = fn.by.map((field) => `${field.text}=${keyOf(valueOf(field, span))}`);
    const key = labels.join("\n");
    const group = groups.get(key) ?? { labels, spans: [] };
    group.spans.push(span);
    groups.set(key, group);
  }
  return [...groups.values()].flatMap((group) => seriesOf(fn, group.labels, group.spans, steps));
}

function countsSpans(fn: RangeAggregate): boolean {
  return fn.function === "rate" || fn.function === "count_over_time";
}

function seriesOf(
  fn: RangeAggregate,
  labels: readonly string[],
  spans: readonly OracleSpan[],
  steps: OracleSteps,
): OracleSeries[] {
  if (countsSpans(fn)) {
    const unit = fn.function === "rate" ? Number(steps.stepNano) / 1e9 : 1;
    return [{ labels, samples: inSteps(spans, steps, (all) => all.length / unit, true) }];
  }
  const measured = spans.flatMap((span) => {
    const value = fn.argument && valueOf(fn.argument, span);
    return isNumber(value) ? [{ start: span.start, value }] : [];
  });
  const numbers = measured.map(({ start, value }) => ({
    start,
    raw: Number(value.value),
    value: value.type === "duration" ? Number(value.value) / 1e9 : Number(value.value),
    unit: value.type === "duration" ? 1e9 : 1,
  }));
  if (numbers.length === 0) return [];
  if (fn.function === "quantile_over_time")
    return fn.quantiles.map((p) => ({
      labels: [...labels, `p=float:${p}`],
      samples: inSteps(numbers, steps, (all) => quantile(p, all), true),
    }));
  if (fn.function === "histogram_over_time") return histogram(labels, numbers, steps);
  const reduce = reducers[fn.function] as (values: readonly number[]) => number;
  return [
    { labels, samples: inSteps(numbers, steps, (all) => reduce(all.map(({ value }) => value))) },
  ];
}

const reducers: Readonly<Record<string, (values: readonly number[]) => number>> = {
  min_over_time: (values) => Math.min(...values),
  max_over_time: (values) => Math.max(...values),
  sum_over_time: (values) => values.reduce((a, b) => a + b, 0),
  avg_over_time: (values) => values.reduce((a, b) => a + b, 0) / values.length,
};

/** The least value that a share `p` of the values does not exceed; 0 of none. */
function quantile(p: number, all: readonly { readonly value: number }[]): number {
  const sorted = all.map(({ value }) => value).sort((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(p * sorted.length)) - 1] ?? 0;
}

function histogram(
  labels: readonly string[],
  numbers: readonly { start: bigint; raw: number; unit: number }[],
  steps: OracleSteps,
): OracleSeries[] {
  const buckets = Map.groupBy(
    numbers.filter(({ raw }) => raw >= 2),
    ({ raw, unit }) => 2 ** Math.ceil(Math.log2(raw)) / unit,
  );
  return Array.from(buckets, ([bucket, all]) => ({
    labels: [...labels, `__bucket=float:${bucket}`],
    samples: inSteps(all, steps, (some) => some.length, true),
  }));
}

/** One value for each step that has something, or for each step. */
function inSteps<T extends { readonly start: bigint }>(
  all: readonly T[],
  { startNano, endNano, stepNano }: OracleSteps,
  value: (some: readonly T[]) => number,
  everywhere = false,
): Map<number, number> {
  const samples = new Map<number, number>();
  for (let from = startNano; from < endNano; from += stepNano) {
    const some = all.filter(({ start }) => start >= from && start < from + stepNano);
    if (some.length > 0 || everywhere)
      samples.set(Number((from + stepNano) / 1_000_000n), value(some));
  }
  return samples;
}

function secondStage(series: OracleSeries[], stage: SecondStage): OracleSeries[] {
  if (stage.kind === "threshold")
    return series.map(({ labels, samples }) => ({
      labels,
      samples: new Map([...samples].filter(([, value]) => passes(stage, value))),
    }));
  // Of each time the first by value, then by labels.
  const kept = new Set<string>();
  const sign = stage.kind === "topk" ? -1 : 1;
  for (const time of new Set(series.flatMap(({ samples }) => [...samples.keys()]))) {
    const ranked = series
      .filter(({ samples }) => samples.has(time))
      .map(({ labels, samples }) => ({ labels, value: samples.get(time) as number }))
      .sort((a, b) => sign * (a.value - b.value));
    for (const { labels } of ranked.slice(0, stage.count)) kept.add(JSON.stringify([time, labels]));
  }
  return series.map(({ labels, samples }) => ({
    labels,
    samples: new Map([...samples].filter(([time]) => kept.has(JSON.stringify([time, labels])))),
  }));
}

function passes(stage: Extract<SecondStage, { kind: "threshold" }>, value: number): boolean {
  const left = { type: "float", value } as const;
  return compare(stage.operator, left, { type: "float", value: stage.value });
}

type Operator = "+" | "-" | "*" | "/";

function arithmetic(
  operator: Operator,
  left: OracleSeries[] | number,
  right: OracleSeries[] | number,
): OracleSeries[] {
  if (typeof left === "number") {
    if (typeof right === "number") throw new Error("constants are folded by the parser");
    return right.map((series) => mapped(series, (value) => computeFloats(operator, left, value)));
  }
  if (typeof right === "number")
    return left.map((series) => mapped(series, (value) => computeFloats(operator, value, right)));
  return left.flatMap((a) =>
    right.flatMap((b) => {
      const fits = a.labels.length === 0 || b.labels.length === 0 || sameLabels(a.labels, b.labels);
      return fits ? [joined(operator, a, b)] : [];
    }),
  );
}

function sameLabels(a: readonly string[], b: readonly string[]): boolean {
  return JSON.stringify(a.toSorted()) === JSON.stringify(b.toSorted());
}

function mapped(series: OracleSeries, change: (value: number) => number): OracleSeries {
  const changed = Array.from(series.samples, ([time, value]) => [time, change(value)] as const);
  return { labels: series.labels, samples: new Map(changed.filter(([, v]) => Number.isFinite(v))) };
}

function joined(operator: Operator, a: OracleSeries, b: OracleSeries): OracleSeries {
  const samples = new Map<number, number>();
  for (const [time, value] of a.samples) {
    const other = b.samples.get(time);
    if (other === undefined) continue;
    const result = computeFloats(operator, value, other);
    if (Number.isFinite(result)) samples.set(time, result);
  }
  return { labels: a.labels.length === 0 ? b.labels : a.labels, samples };
}
