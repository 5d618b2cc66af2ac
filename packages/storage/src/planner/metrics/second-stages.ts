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
  const ordered = [...series].sort((a, b) => compareLabels(a.labels, b.labels));
  const steps = ordered[0]?.values.length ?? 0;
  const kept = ordered.map(() => new Float64Array(steps).fill(Number.NaN));
  for (let step = 0; step < steps; step++) {
    const present = ordered
      .map((one, at) => ({ at, value: one.values[step] as number }))
      .filter(({ value }) => !Number.isNaN(value))
      // The sort is stable: equal values stay in the order of labels.
      .sort((a, b) => direction * (a.value - b.value) || a.at - b.at);
    for (const { at, value } of present.slice(0, count)) (kept[at] as Float64Array)[step] = value;
  }
  return ordered.map((one, at) => {
    const values = kept[at] as Float64Array;
    const exemplars = one.exemplars.filter(({ step }) => !Number.isNaN(values[step] as number));
    return { labels: one.labels, values, exemplars };
  });
}
