// PromQL's aggregations over the series of a vector, step by step.

import type { Grouping } from "./ast.ts";
import { type Labels, pickLabels, type Series, signature } from "./values.ts";

interface Group {
  readonly labels: Labels;
  readonly members: Series[];
}

/** `parameters`: k of topk and bottomk, share of quantile, one a step. */
export function aggregate(
  operator: string,
  series: readonly Series[],
  grouping: Grouping,
  parameters: readonly number[] | undefined,
): Series[] {
  const groups = groupBy(series, grouping);
  if (operator === "topk" || operator === "bottomk") {
    const direction = operator === "topk" ? -1 : 1;
    const best = groups.flatMap((group) => extremes(group, direction, parameters ?? []));
    return direction === -1 ? byValue(best, -1) : byValue(best, 1);
  }
  const steps = series[0]?.values.length ?? 0;
  return groups.map(({ labels, members }) => ({
    labels,
    values: Array.from({ length: steps }, (_, step) => {
      const values = members.map((one) => one.values[step]).filter((one) => one !== undefined);
      return values.length === 0 ? undefined : reduce(operator, values, parameters?.[step]);
    }),
  }));
}

function groupBy(series: readonly Series[], { without, labels: named }: Grouping): Group[] {
  const names = new Set(named);
  const keep = without
    ? (name: string): boolean => name !== "__name__" && !names.has(name)
    : (name: string): boolean => names.has(name);
  const groups = new Map<string, Group>();
  for (const one of series) {
    const labels = pickLabels(one.labels, keep);
    const key = signature(labels);
    const group = groups.get(key) ?? { labels, members: [] };
    group.members.push(one);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function reduce(operator: string, values: readonly number[], parameter = NaN): number {
  switch (operator) {
    case "sum":
      return sum(values);
    case "avg":
      return sum(values) / values.length;
    case "min":
      return extreme(values, (a, b) => a < b);
    case "max":
      return extreme(values, (a, b) => a > b);
    case "count":
      return values.length;
    case "quantile":
      return quantileOf(values, parameter);
    default:
      return 1; // group
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** NaN only when all are. */
function extreme(values: readonly number[], isBetter: (a: number, b: number) => boolean): number {
  let best = NaN;
  for (const value of values) if (Number.isNaN(best) || isBetter(value, best)) best = value;
  return best;
}

function quantileOf(values: readonly number[], share: number): number {
  if (Number.isNaN(share)) return NaN;
  if (share < 0) return -Infinity;
  if (share > 1) return Infinity;
  const sorted = values.toSorted((a, b) => a - b);
  const rank = share * (sorted.length - 1);
  const low = sorted[Math.floor(rank)] ?? NaN;
  const high = sorted[Math.min(sorted.length - 1, Math.floor(rank) + 1)] ?? NaN;
  return low + (high - low) * (rank - Math.floor(rank));
}

/** The members with the k best values of each step; NaN is the worst. */
function extremes({ members }: Group, direction: 1 | -1, parameters: readonly number[]): Series[] {
  const chosen = members.map(({ labels, values }) => ({
    labels,
    values: values.map((): number | undefined => undefined),
  }));
  parameters.forEach((count, step) => {
    const ranked = members
      .map(({ values }, index) => ({ value: values[step], index }))
      .filter((one): one is { value: number; index: number } => one.value !== undefined)
      .toSorted((a, b) => compare(a.value, b.value, direction))
      .slice(0, Math.max(0, Math.floor(count) || 0));
    for (const { value, index } of ranked) {
      const values = chosen[index]?.values;
      if (values !== undefined) values[step] = value;
    }
  });
  return chosen;
}

/** In the order of the last step: that of an instant query, where the order is shown. */
function byValue(series: readonly Series[], direction: 1 | -1): Series[] {
  const last = ({ values }: Series): number => values.at(-1) ?? NaN;
  return series.toSorted((a, b) => compare(last(a), last(b), direction));
}

function compare(a: number, b: number, direction: 1 | -1): number {
  if (Number.isNaN(a)) return Number.isNaN(b) ? 0 : 1;
  if (Number.isNaN(b)) return -1;
  return a === b ? 0 : (a < b ? -1 : 1) * direction;
}
