// Series of a metrics answer: names, units, and the columns that a chart draws.

import { formatDuration, oneLine } from "@clew/base";
import type { MetricSeries, NamedValue } from "@clew/model";
import {
  type FieldReference,
  type MetricsExpression,
  type Query,
  referenceType,
} from "@clew/traceql";
import { formatCompact } from "../format/number.ts";
import { valueText } from "./typed-text.ts";

/** What the numbers of an answer are. */
export type Unit = "rate" | "count" | "seconds" | "number";

export function unitOf(query: Query): Unit {
  return query.kind === "metrics" ? expressionUnit(query.expression) : "count";
}

function expressionUnit(node: MetricsExpression): Unit {
  if (node.kind === "number") return "number";
  if (node.kind === "arithmetic") {
    const [left, right] = [expressionUnit(node.left), expressionUnit(node.right)];
    const isScaled = node.left.kind === "number" || node.right.kind === "number";
    if (node.operator === "+" || node.operator === "-") return left === right ? left : "number";
    return isScaled && node.operator === "*" ? (left === "number" ? right : left) : "number";
  }
  const { function: fn } = node;
  if (fn.kind === "compare") return "count";
  if (fn.function === "rate") return "rate";
  if (fn.function === "count_over_time" || fn.function === "histogram_over_time") return "count";
  return isDuration(fn.argument) ? "seconds" : "number";
}

export function isDuration(field: FieldReference | undefined): boolean {
  return field !== undefined && referenceType(field) === "duration";
}

export function formatUnit(value: number, unit: Unit): string {
  if (!Number.isFinite(value)) return "–";
  if (unit === "seconds") return formatDuration(value * 1e9);
  const text = plainNumber(value);
  return unit === "rate" ? `${text}/s` : text;
}

function plainNumber(value: number): string {
  if (Math.abs(value) >= 10_000)
    return value < 0 ? `−${formatCompact(-value)}` : formatCompact(value);
  if (Number.isInteger(value)) return value.toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}

/** One label as `name=value`; a quantile as `p99`. */
function labelText({ name, value }: NamedValue, named: boolean): string {
  if (name === "p" && value.type === "float")
    return `p${Number((value.value * 100).toPrecision(6))}`;
  const text = valueText(value, 120);
  return named ? `${oneLine(name, 80)}=${text}` : text;
}

/** A short name: values alone where all series have the same labels. */
export function seriesNames(series: readonly MetricSeries[]): readonly string[] {
  const keys = new Set(series.map(({ labels }) => labels.map(({ name }) => name).join("\n")));
  const named = keys.size > 1;
  return series.map(({ labels }) => {
    const shown = labels.filter(({ name }) => name !== "__name__");
    const [only] = labels;
    if (shown.length === 0) return only === undefined ? "value" : valueText(only.value);
    return shown.map((label) => labelText(label, named)).join(" · ");
  });
}

/** Series as columns over all their times. */
export interface Columns {
  /** Seconds since 1970, ascending. */
  readonly times: readonly number[];
  readonly values: readonly (readonly (number | null)[])[];
}

export function columnsOf(series: readonly MetricSeries[]): Columns {
  const all = new Set<number>();
  for (const { samples } of series) for (const { timeMs } of samples) all.add(timeMs);
  const times = [...all].sort((a, b) => a - b);
  const place = new Map(times.map((time, i) => [time, i]));
  const values = series.map(({ samples }) => {
    const column: (number | null)[] = Array.from({ length: times.length }, () => null);
    for (const { timeMs, value } of samples)
      if (Number.isFinite(value)) column[place.get(timeMs) as number] = value;
    return column;
  });
  return { times: times.map((time) => time / 1000), values };
}

export interface SeriesFacts {
  readonly least: number;
  readonly mean: number;
  readonly most: number;
  readonly last: number;
}

export function factsOf({ samples }: MetricSeries): SeriesFacts {
  const values = samples.map(({ value }) => value).filter(Number.isFinite);
  if (values.length === 0)
    return { least: Number.NaN, mean: Number.NaN, most: Number.NaN, last: Number.NaN };
  let [least, most, sum] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0];
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
    sum += value;
  }
  return { least, mean: sum / values.length, most, last: values.at(-1) as number };
}
