// Series between the stages of a metrics query: one value a bucket, NaN where there is no sample.

import type { MetricExemplar, MetricSeries, NamedValue, TypedValue } from "@clew/model";
import { type Steps, timeMsOf } from "./steps.ts";

export interface SeriesExemplar {
  readonly traceId: string;
  readonly spanId: string;
  readonly timeMs: number;
  readonly step: number;
  /** NaN for functions that count: the value of the series at that step is shown. */
  readonly value: number;
}

export interface Series {
  /** Without `__name__`, which only a series without any other label gets in the answer. */
  readonly labels: readonly NamedValue[];
  readonly values: Float64Array;
  readonly exemplars: readonly SeriesExemplar[];
}

/** What an expression gives, with the `__name__` of its unlabelled series. */
export interface SeriesSet {
  readonly name: string;
  readonly series: readonly Series[];
  /** The order of `series` means something: the first matter most. */
  readonly isOrdered?: boolean;
}

/** Equal for equal label sets. */
export function labelsKey(labels: readonly NamedValue[]): string {
  return JSON.stringify(labels.map(({ name, value }) => [name, valueKey(value)]));
}

/** Equal for equal values of one type. */
export function valueKey(value: TypedValue): string {
  if (value.type === "nil") return "nil";
  if (value.type === "array") return `array:${JSON.stringify(value.value.map(valueKey))}`;
  return `${value.type}:${value.value}`;
}

/** The order of series in an answer: by their labels, numbers by size. */
export function compareLabels(a: readonly NamedValue[], b: readonly NamedValue[]): number {
  for (const [i, label] of a.entries()) {
    const other = b[i];
    if (other === undefined) return 1;
    const order = compareText(label.name, other.name) || compareValues(label.value, other.value);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

function compareValues(a: TypedValue, b: TypedValue): number {
  const difference = numberOf(a) - numberOf(b);
  return Number.isNaN(difference) || difference === 0
    ? compareText(valueKey(a), valueKey(b))
    : difference;
}

function numberOf(value: TypedValue): number {
  return value.type === "int" || value.type === "float" || value.type === "duration"
    ? Number(value.value)
    : Number.NaN;
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export interface Answer {
  readonly series: readonly MetricSeries[];
  readonly partial?: string;
}

/**
 * The series with at least one sample, in the order of their labels. Of more than `maxSeries` those with the
 * greatest sums stay.
 */
export function answerOf(
  set: SeriesSet,
  steps: Steps,
  { maxSeries, exemplars }: { readonly maxSeries: number; readonly exemplars: number },
): Answer {
  const full = set.series.filter(({ values }) => values.some((value) => !Number.isNaN(value)));
  const kept =
    set.isOrdered === true
      ? full.slice(0, maxSeries)
      : greatest(full, maxSeries).sort((a, b) => compareLabels(a.labels, b.labels));
  const shares = exemplarShares(kept, exemplars);
  const series = kept.map((one, i) => toAnswer(set.name, one, steps, shares[i] ?? 0));
  if (kept.length === full.length) return { series };
  return {
    series,
    partial: `${full.length} series, of which the ${kept.length} ${set.isOrdered === true ? "that tell most" : "with the greatest values"} are shown`,
  };
}

/** Of equal sums, as those of ids are, the first by the text of their labels: comparing values takes seconds for many. */
function greatest(series: readonly Series[], maxSeries: number): Series[] {
  if (series.length <= maxSeries) return [...series];
  const sums = Float64Array.from(series, ({ values }) => sumOf(values));
  const least = sums.toSorted()[sums.length - maxSeries] as number;
  const above = series.filter((_, i) => (sums[i] as number) > least);
  const tied = series
    .filter((_, i) => sums[i] === least)
    .map((one) => ({ one, key: labelsKey(one.labels) }))
    .sort((a, b) => compareText(a.key, b.key));
  return [...above, ...tied.slice(0, maxSeries - above.length).map(({ one }) => one)];
}

function sumOf(values: Float64Array): number {
  return values.reduce((sum, value) => (Number.isNaN(value) ? sum : sum + Math.abs(value)), 0);
}

/** How many exemplars each series may show so that all together keep the limit: each as many as fit, in turns. */
function exemplarShares(series: readonly Series[], limit: number): number[] {
  const shares = series.map(() => 0);
  let left = limit;
  for (let round = 0; left > 0; round++) {
    const takers = [...series.keys()].filter((i) => (series[i]?.exemplars.length ?? 0) > round);
    let taken = 0;
    for (const i of takers) {
      if (taken === left) break;
      shares[i] = round + 1;
      taken++;
    }
    if (taken === 0) break;
    left -= taken;
  }
  return shares;
}

function toAnswer(name: string, one: Series, steps: Steps, exemplars: number): MetricSeries {
  const samples: { timeMs: number; value: number }[] = [];
  for (const [step, value] of one.values.entries()) {
    if (!Number.isNaN(value)) samples.push({ timeMs: timeMsOf(steps, step), value });
  }
  const labels: readonly NamedValue[] =
    one.labels.length > 0
      ? one.labels
      : [{ name: "__name__", value: { type: "string", value: name } }];
  return { labels, samples, exemplars: shownExemplars(one, exemplars) };
}

/** Spread over time: of many, every so-manieth. */
function shownExemplars(one: Series, count: number): MetricExemplar[] {
  const usable = one.exemplars
    .map((exemplar) => ({
      ...exemplar,
      value: Number.isNaN(exemplar.value) ? (one.values[exemplar.step] as number) : exemplar.value,
    }))
    .filter(({ value }) => !Number.isNaN(value))
    .sort((a, b) => a.timeMs - b.timeMs || compareText(a.traceId, b.traceId));
  const stride = usable.length / Math.min(count, usable.length);
  return Array.from({ length: Math.min(count, usable.length) }, (_, i) => {
    const { traceId, spanId, timeMs, value } = usable[Math.floor(i * stride)] as SeriesExemplar;
    return { traceId, spanId, timeMs, value };
  });
}
