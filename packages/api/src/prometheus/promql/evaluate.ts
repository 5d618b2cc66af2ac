// Evaluates PromQL over all steps of a query at once. Samples come from a source of series, which is told
// which labels the query needs, so that sums are made where the data lies.

import { ClewError } from "@clew/base";
import { aggregate } from "./aggregate.ts";
import type { Aggregation, Binary, Call, Expression, Grouping, Selector } from "./ast.ts";
import { combine } from "./binary.ts";
import { promqlError } from "./errors.ts";
import { histogramQuantile } from "./quantile.ts";
import { mapValues, present, type Series, type Value } from "./values.ts";

/** How the samples of a selector become values. */
export interface SelectOptions {
  /** Milliseconds since 1970 of the steps, ascending. */
  readonly times: readonly number[];
  /** Growth in the window before each step: whole, or a second. Absent: the counter's value. */
  readonly growth?: "increase" | "rate" | "irate";
  /** Labels that the query looks at, where it sums over the others; all when absent. */
  readonly keep?: (label: string) => boolean;
}

/** Gives the series of a selector; without names when `growth` is asked for. */
export type SelectSeries = (selector: Selector, options: SelectOptions) => Promise<Series[]>;

/**
 * Gives the quantiles of what a selector of buckets counts, summed as `keep` says; undefined when only the
 * buckets themselves can tell.
 */
export type SelectQuantiles = (
  selector: Selector,
  options: SelectOptions,
  shares: readonly number[],
) => Promise<Series[] | undefined>;

export interface Evaluation {
  readonly text: string;
  readonly times: readonly number[];
  readonly select: SelectSeries;
  readonly quantiles: SelectQuantiles;
}

interface Context extends Evaluation {
  readonly keep?: (label: string) => boolean;
}

/** The value of a query. Raises `bad_request` for what PromQL's types do not allow. */
export async function evaluate(expression: Expression, evaluation: Evaluation): Promise<Value> {
  const value = await valueOf(expression, evaluation);
  return value.kind === "vector" ? { ...value, series: present(value.series) } : value;
}

async function valueOf(expression: Expression, context: Context): Promise<Value> {
  switch (expression.kind) {
    case "number":
      return { kind: "scalar", values: context.times.map(() => expression.value) };
    case "string":
      return { kind: "string", value: expression.value };
    case "selector":
      return { kind: "vector", series: await selectNow(expression, context) };
    case "negation":
      return negated(await valueOf(expression.operand, without(context)), expression, context);
    case "binary":
      return binary(expression, without(context));
    case "aggregation":
      return aggregation(expression, context);
    case "call":
      return call(expression, context);
  }
}

/** What is inside may need labels that the sum outside does not show. */
function without({ text, times, select, quantiles }: Context): Context {
  return { text, times, select, quantiles };
}

async function selectNow(selector: Selector, context: Context): Promise<Series[]> {
  if (selector.rangeMs === undefined) return context.select(selector, context);
  throw promqlError(context.text, selector.at, "a range vector is not supported here", rangeHint);
}

const rangeHint = "put it into rate, increase or irate";

function negated(value: Value, { at }: Expression, context: Context): Value {
  if (value.kind === "scalar") return { kind: "scalar", values: value.values.map((one) => -one) };
  const series = mapValues(vectorOf(value, at, context), (one) => -one);
  return { kind: "vector", series };
}

async function binary(expression: Binary, context: Context): Promise<Value> {
  const left = await valueOf(expression.left, context);
  const right = await valueOf(expression.right, context);
  return combine(expression, left, right, context);
}

async function aggregation(expression: Aggregation, context: Context): Promise<Value> {
  const { operator, operand, parameter, grouping } = expression;
  const keep = operator === "sum" ? keepOf(grouping) : undefined;
  const inside = { ...without(context), ...(keep === undefined ? {} : { keep }) };
  const value = await valueOf(operand, inside);
  const given = parameter === undefined ? undefined : await valueOf(parameter, without(context));
  const parameters = given === undefined ? undefined : scalarOf(given, expression.at, context);
  const series = vectorOf(value, operand.at, context);
  return { kind: "vector", series: aggregate(operator, series, grouping, parameters) };
}

function keepOf({ without: drops, labels }: Grouping): (label: string) => boolean {
  const named = new Set(labels);
  return drops ? (label) => !named.has(label) : (label) => named.has(label);
}

async function call(expression: Call, context: Context): Promise<Value> {
  const { args, at } = expression;
  const [first] = args;
  switch (expression.function) {
    case "rate":
    case "increase":
    case "irate":
      return growth(expression.function, expression, context);
    case "histogram_quantile":
      return quantile(expression, context);
    case "time":
      return { kind: "scalar", values: context.times.map((time) => time / 1000) };
    case "histogram_sum":
    case "histogram_count":
    case "histogram_avg":
      // Of native histograms, which Clew has none of: a classic one is no operand of these.
      return { kind: "vector", series: [] };
  }
  if (first === undefined) throw promqlError(context.text, at, "an argument is missing");
  const value = await valueOf(first, without(context));
  const numbers = await Promise.all(
    args
      .slice(1)
      .map(async (arg) => scalarOf(await valueOf(arg, without(context)), arg.at, context)),
  );
  if (expression.function === "vector") {
    return { kind: "vector", series: [{ labels: {}, values: scalarOf(value, at, context) }] };
  }
  const series = vectorOf(value, first.at, context);
  return ofVector(expression, series, numbers, context);
}

function ofVector(
  { function: name, at }: Call,
  series: readonly Series[],
  numbers: readonly (readonly number[])[],
  context: Context,
): Value {
  const { times } = context;
  switch (name) {
    case "scalar":
      return { kind: "scalar", values: times.map((_, step) => onlyValue(series, step)) };
    case "absent": {
      const values = times.map((_, step) => (hasAny(series, step) ? undefined : 1));
      return { kind: "vector", series: [{ labels: {}, values }] };
    }
    case "sort":
    case "sort_desc":
      return { kind: "vector", series: sorted(series, name === "sort" ? 1 : -1) };
  }
  const change = elementwise[name];
  if (change === undefined) throw promqlError(context.text, at, `${name} is not supported`);
  const at1 = numbers[0];
  const at2 = numbers[1];
  const changed = mapValues(series, (value, step) => change(value, at1?.[step], at2?.[step]));
  return { kind: "vector", series: changed };
}

const elementwise: Readonly<
  Record<string, (value: number, a?: number, b?: number) => number | undefined>
> = {
  abs: Math.abs,
  ceil: Math.ceil,
  floor: Math.floor,
  sqrt: Math.sqrt,
  exp: Math.exp,
  ln: Math.log,
  log2: Math.log2,
  log10: Math.log10,
  sgn: Math.sign,
  round: (value, nearest = 1) => Math.floor(value / nearest + 0.5) * nearest,
  clamp: (value, least = NaN, most = NaN) =>
    least > most ? undefined : Math.max(least, Math.min(most, value)),
  clamp_min: (value, least = NaN) => Math.max(least, value),
  clamp_max: (value, most = NaN) => Math.min(most, value),
};

function onlyValue(series: readonly Series[], step: number): number {
  const values = series.map(({ values: all }) => all[step]).filter((one) => one !== undefined);
  return values.length === 1 ? (values[0] as number) : NaN;
}

function hasAny(series: readonly Series[], step: number): boolean {
  return series.some(({ values }) => values[step] !== undefined);
}

/** By the value of the last step, which is the only one of an instant query; NaN last. */
function sorted(series: readonly Series[], direction: 1 | -1): Series[] {
  const value = ({ values }: Series): number => values.at(-1) ?? NaN;
  return series.toSorted((a, b) => {
    if (Number.isNaN(value(a))) return Number.isNaN(value(b)) ? 0 : 1;
    if (Number.isNaN(value(b))) return -1;
    return (value(a) - value(b)) * direction;
  });
}

async function growth(
  kind: "rate" | "increase" | "irate",
  { args: [operand], at }: Call,
  context: Context,
): Promise<Value> {
  if (operand?.kind !== "selector" || operand.rangeMs === undefined) {
    throw promqlError(
      context.text,
      operand?.at ?? at,
      `${kind} expects a range vector`,
      "write [5m]",
    );
  }
  const { times, keep } = context;
  const options = { times, growth: kind, ...(keep === undefined ? {} : { keep }) };
  return { kind: "vector", series: await context.select(operand, options) };
}

async function quantile(expression: Call, context: Context): Promise<Value> {
  const [share, buckets] = expression.args as [Expression, Expression];
  const shares = scalarOf(await valueOf(share, without(context)), share.at, context);
  const plain = plainSelection(buckets, context);
  const direct =
    plain === undefined
      ? undefined
      : await context.quantiles(plain.selector, plain.options, shares);
  if (direct !== undefined) return { kind: "vector", series: direct };
  const value = await valueOf(buckets, without(context));
  return {
    kind: "vector",
    series: histogramQuantile(shares, vectorOf(value, buckets.at, context)),
  };
}

/** The one selection that the buckets come from: a selector or its growth, or their sum by `le` and more. */
function plainSelection(
  buckets: Expression,
  { times }: Context,
): { readonly selector: Selector; readonly options: SelectOptions } | undefined {
  const isSum = buckets.kind === "aggregation" && buckets.operator === "sum";
  const keep = isSum ? keepOf(buckets.grouping) : undefined;
  if (keep?.("le") === false) return undefined;
  const inner = isSum ? buckets.operand : buckets;
  const options = { times, ...(keep === undefined ? {} : { keep }) };
  if (inner.kind === "selector")
    return inner.rangeMs === undefined ? { selector: inner, options } : undefined;
  if (inner.kind !== "call") return undefined;
  const [selector] = inner.args;
  const kind = growths.find((name) => name === inner.function);
  if (kind === undefined || selector?.kind !== "selector" || selector.rangeMs === undefined)
    return undefined;
  return { selector, options: { ...options, growth: kind } };
}

const growths = ["rate", "increase", "irate"] as const;

function vectorOf(value: Value, at: number, { text }: Evaluation): readonly Series[] {
  if (value.kind === "vector") return value.series;
  throw promqlError(text, at, `expected type instant vector, got ${value.kind}`);
}

function scalarOf(value: Value, at: number, { text }: Evaluation): readonly number[] {
  if (value.kind === "scalar") return value.values;
  throw promqlError(text, at, `expected type scalar, got ${value.kind}`);
}

/** More numbers than an answer should hold in memory. */
export function tooMany(what: string): ClewError {
  return new ClewError("limit_exceeded", `the query needs too many ${what}`, {
    hint: "narrow it with matchers, sum over labels, or take larger steps",
  });
}
