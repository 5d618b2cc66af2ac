// Arithmetic between metrics: series with the same labels meet, a single series without labels meets every
// series of the other side, the rest is dropped. A division by zero gives no sample.

import type { MetricsBinary } from "@clew/traceql";
import { labelsKey, type Series, type SeriesSet } from "./series.ts";

export type Operand = SeriesSet | number;

export function combine(
  operator: MetricsBinary["operator"],
  left: Operand,
  right: Operand,
): Operand {
  if (typeof left === "number" && typeof right === "number") return compute(operator, left, right);
  const name = `(${nameOf(left)} ${operator} ${nameOf(right)})`;
  return { name, series: pairs(left, right).map((pair) => computed(operator, pair)) };
}

function nameOf(operand: Operand): string {
  return typeof operand === "number" ? String(operand) : operand.name;
}

interface Pair {
  readonly shape: Series;
  /** Those of the series that the pair is about: a side without labels is about all. */
  readonly exemplars: Series["exemplars"];
  readonly left: Float64Array | number;
  readonly right: Float64Array | number;
}

function pairs(left: Operand, right: Operand): Pair[] {
  if (typeof left === "number" || typeof right === "number") {
    const set = typeof left === "number" ? (right as SeriesSet) : left;
    return set.series.map((shape) => ({
      shape,
      exemplars: shape.exemplars,
      left: typeof left === "number" ? left : shape.values,
      right: typeof right === "number" ? right : shape.values,
    }));
  }
  const [onlyLeft, onlyRight] = [unlabelled(left), unlabelled(right)];
  if (onlyLeft !== undefined && onlyRight === undefined) {
    return right.series.map((shape) => ({
      shape,
      exemplars: shape.exemplars,
      left: onlyLeft.values,
      right: shape.values,
    }));
  }
  if (onlyRight !== undefined && onlyLeft === undefined) {
    return left.series.map((shape) => ({
      shape,
      exemplars: shape.exemplars,
      left: shape.values,
      right: onlyRight.values,
    }));
  }
  const byLabels = new Map(right.series.map((one) => [labelsKey(sorted(one)), one]));
  return left.series.flatMap((shape) => {
    const other = byLabels.get(labelsKey(sorted(shape)));
    if (other === undefined) return [];
    const exemplars = bothExemplars(shape, other);
    return [{ shape, exemplars, left: shape.values, right: other.values }];
  });
}

/** The order in which `by()` names labels is no part of what they are. */
function sorted({ labels }: Series): Series["labels"] {
  return [...labels].sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
}

function unlabelled({ series }: SeriesSet): Series | undefined {
  return series.length === 1 && series[0]?.labels.length === 0 ? series[0] : undefined;
}

/** A span may be of both sides. */
function bothExemplars(a: Series, b: Series): Series["exemplars"] {
  const known = new Set(a.exemplars.map(({ traceId, spanId }) => `${traceId} ${spanId}`));
  return [
    ...a.exemplars,
    ...b.exemplars.filter(({ traceId, spanId }) => !known.has(`${traceId} ${spanId}`)),
  ];
}

function computed(operator: MetricsBinary["operator"], pair: Pair): Series {
  const { shape, left, right } = pair;
  const values = shape.values.map((_, step) =>
    compute(operator, valueAt(left, step), valueAt(right, step)),
  );
  // What was measured of the span is not on the scale of what was computed.
  const exemplars = pair.exemplars
    .filter(({ step }) => !Number.isNaN(values[step] as number))
    .map((exemplar) => ({ ...exemplar, value: Number.NaN }));
  return { labels: shape.labels, values, exemplars };
}

function valueAt(values: Float64Array | number, step: number): number {
  return typeof values === "number" ? values : (values[step] as number);
}

function compute(operator: MetricsBinary["operator"], left: number, right: number): number {
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return right === 0 ? Number.NaN : left / right;
  }
}
