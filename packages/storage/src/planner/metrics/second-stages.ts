// What may follow a metrics function: `| topk(n)`, `| bottomk(n)`, `> number`. The best n are chosen at each
// data point on its own, so more than n series may remain; of equal values the first by labels win.

import type { SecondStage } from "@clew/traceql";
import { compareLabels, type Series, type SeriesSet } from "./series.ts";

type Threshold = Extract<SecondStage, { kind: "threshold" }>;

export function applyStages(set: SeriesSet, stages: readonly SecondStage[]): SeriesSet {
  return stages.reduce((current, stage) => {
    const series =
      stage.kind === "threshold"
        ? current.series.map((one) => filtered(one, stage))
        : best(current.series, stage.count, stage.kind === "topk" ? -1 : 1);
    return { name: current.name, series: series.filter(hasSample) };
  }, set);
}

function hasSample({ values }: Series): boolean {
  return values.some((value) => !Number.isNaN(value));
}

function filtered(one: Series, stage: Threshold): Series {
  const values = one.values.map((value) => (passes(value, stage) ? value : Number.NaN));
  const exemplars = one.exemplars.filter(({ value, step }) =>
    Number.isNaN(value) ? !Number.isNaN(values[step] as number) : passes(value, stage),
  );
  return { labels: one.labels, values, exemplars };
}

function passes(value: number, { operator, value: limit }: Threshold): boolean {
  switch (operator) {
    case ">":
      return value > limit;
    case ">=":
      return value >= limit;
    case "<":
      return value < limit;
    case "<=":
      return value <= limit;
    case "=":
      return value === limit;
    case "!=":
      return !Number.isNaN(value) && value !== limit;
  }
}

/** `direction`: -1 keeps the greatest, 1 the least. */
function best(series: readonly Series[], count: number, direction: 1 | -1): Series[] {
  const steps = series[0]?.values.length ?? 0;
  const kept = new Map<Series, Float64Array>();
  for (let step = 0; step < steps; step++) {
    const valueOf = ({ values }: Series): number => values[step] as number;
    const order = (a: Series, b: Series): number =>
      direction * (valueOf(a) - valueOf(b)) || compareLabels(a.labels, b.labels);
    for (const one of firstOf(series, count, order, (item) => !Number.isNaN(valueOf(item)))) {
      const values = kept.get(one) ?? new Float64Array(steps).fill(Number.NaN);
      values[step] = valueOf(one);
      kept.set(one, values);
    }
  }
  return [...kept]
    .map(([{ labels, exemplars }, values]) => {
      const shown = exemplars.filter(({ step }) => !Number.isNaN(values[step] as number));
      return { labels, values, exemplars: shown };
    })
    .sort((a, b) => compareLabels(a.labels, b.labels));
}

/** The first `count` in an order, of those that count at all: all are never sorted, of which there may be many. */
function firstOf<T>(
  items: readonly T[],
  count: number,
  order: (a: T, b: T) => number,
  isCandidate: (item: T) => boolean,
): T[] {
  const first: T[] = [];
  let last: T | undefined;
  for (const item of items) {
    if (!isCandidate(item) || (last !== undefined && order(item, last) > 0)) continue;
    first.push(item);
    if (first.length < 2 * count) continue;
    first.sort(order).splice(count);
    last = first.at(-1);
  }
  return first.sort(order).slice(0, count);
}
