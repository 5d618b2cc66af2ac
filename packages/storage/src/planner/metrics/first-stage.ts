// What each metrics function adds up, and how its series come out of the sums: rates per second, durations in
// seconds, zeros or gaps where nothing was, labels with `p` and `__bucket`.

import type { NamedValue, TypedValue } from "@clew/model";
import type { FieldReference, RangeAggregate } from "@clew/traceql";
import type { Cells, Fold } from "./cells.ts";
import { type Series, type SeriesExemplar, valueKey } from "./series.ts";
import { type Steps, stepSeconds } from "./steps.ts";

/** The columns of a function's cells. A histogram's groups end with the exponent of the bucket. */
export function foldsOf({ function: name, quantiles }: RangeAggregate): readonly Fold[] {
  switch (name) {
    case "min_over_time":
      return ["min"];
    case "max_over_time":
      return ["max"];
    case "avg_over_time":
      return ["sum", "sum"];
    case "quantile_over_time":
      return quantiles.map(() => "sum" as const);
    default:
      return ["sum"];
  }
}

/** An exemplar with the group that its span belongs to. */
export interface GroupExemplar extends SeriesExemplar {
  /** Values of `by()`; a histogram's end with the exponent of the span's bucket. */
  readonly group: readonly TypedValue[];
}

/** Series of all groups; one of zeros where a count without groups found nothing. */
export function seriesOf(
  range: RangeAggregate,
  cells: Cells,
  steps: Steps,
  exemplars: readonly GroupExemplar[] = [],
): Series[] {
  const isOne = range.by.length === 0 && range.function !== "histogram_over_time";
  if (isCount(range) && isOne) cells.group([]);
  const ofGroup = Map.groupBy(exemplars, ({ group }) => groupKey(group));
  return cells.groups.flatMap((values, group) =>
    groupSeries(range, cells, group, steps, ofGroup.get(groupKey(values)) ?? []),
  );
}

function groupKey(values: readonly TypedValue[]): string {
  return JSON.stringify(values.map(valueKey));
}

function groupSeries(
  range: RangeAggregate,
  cells: Cells,
  group: number,
  steps: Steps,
  exemplars: readonly SeriesExemplar[],
): Series[] {
  const labels = labelsOf(range, cells.groups[group] ?? []);
  if (range.function !== "quantile_over_time") {
    return [{ labels, values: valuesOf(range, cells, group, steps), exemplars }];
  }
  const columns = range.quantiles.map((_, column) =>
    cells.column(group, column).map((value) => scaled(range, zeroed(value))),
  );
  const nearest = Map.groupBy(exemplars, ({ step, value }) => nearestColumn(columns, step, value));
  return range.quantiles.map((p, column) => ({
    labels: [...labels, { name: "p", value: { type: "float", value: p } }],
    values: columns[column] as Float64Array,
    exemplars: nearest.get(column) ?? [],
  }));
}

/** The quantile that a span's value is closest to. */
function nearestColumn(columns: readonly Float64Array[], step: number, value: number): number {
  const distances = columns.map((column) => Math.abs((column[step] as number) - value));
  return distances.indexOf(Math.min(...distances));
}

function valuesOf(range: RangeAggregate, cells: Cells, group: number, steps: Steps): Float64Array {
  const values = cells.column(group, 0);
  switch (range.function) {
    case "rate": {
      const seconds = stepSeconds(steps);
      return values.map((value) => (seconds === 0 ? 0 : zeroed(value) / seconds));
    }
    case "count_over_time":
    case "histogram_over_time":
      return values.map(zeroed);
    case "avg_over_time": {
      const weights = cells.column(group, 1);
      return values.map((value, step) => scaled(range, value / (weights[step] as number)));
    }
    default:
      return values.map((value) => scaled(range, value));
  }
}

function zeroed(value: number): number {
  return Number.isNaN(value) ? 0 : value;
}

function scaled({ argument }: RangeAggregate, value: number): number {
  return argument !== undefined && isDuration(argument) ? value / 1e9 : value;
}

/** Whether values of the field are nanoseconds. */
export function isDuration(field: FieldReference): boolean {
  return (
    field.kind === "intrinsic" &&
    (field.name === "span:duration" ||
      field.name === "trace:duration" ||
      field.name === "event:timeSinceStart")
  );
}

export function isCount({ function: name }: RangeAggregate): boolean {
  return name === "rate" || name === "count_over_time" || name === "histogram_over_time";
}

/** Labels of a group: without those that are nil; the first of them, nil, when all are. */
export function labelsOf(range: RangeAggregate, group: readonly TypedValue[]): NamedValue[] {
  const all = range.by.map(({ text }, i) => ({ name: text, value: group[i] ?? NIL }));
  const present = all.filter(({ value }) => value.type !== "nil");
  const labels = present.length > 0 ? present : all.slice(0, 1);
  const exponent = group[range.by.length];
  if (range.function !== "histogram_over_time" || exponent?.type !== "int") return labels;
  const bound = 2 ** Number(exponent.value);
  const value = { type: "float", value: scaled(range, bound) } as const;
  return [...labels, { name: "__bucket", value }];
}

const NIL: TypedValue = { type: "nil" };

/** Exponent of the upper bound 2^n of the histogram bucket that holds a value; undefined for values below 2. */
export function bucketExponent(value: number): number | undefined {
  return value >= 2 ? Math.min(MAX_EXPONENT, Math.ceil(Math.log2(value))) : undefined;
}

/** The bucket without an end. */
export const MAX_EXPONENT = 1024;
