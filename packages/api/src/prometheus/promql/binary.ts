// PromQL's binary operators: arithmetic, comparisons and set operations between scalars and vectors, pairs of
// vectors matched one to one.

import type { Binary } from "./ast.ts";
import { promqlError } from "./errors.ts";
import {
  type Labels,
  mapValues,
  pickLabels,
  type Series,
  signature,
  type Value,
} from "./values.ts";

const arithmetic: Readonly<Record<string, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
  "^": (a, b) => a ** b,
};

const comparisons: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  "==": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  ">": (a, b) => a > b,
  "<": (a, b) => a < b,
  ">=": (a, b) => a >= b,
  "<=": (a, b) => a <= b,
};

/** Where errors point to. */
interface Source {
  readonly text: string;
}

/** The value of `left operator right`. Raises `bad_request` where PromQL's types or pairs do not allow it. */
export function combine(expression: Binary, left: Value, right: Value, source: Source): Value {
  const { operator, at } = expression;
  if (left.kind === "string" || right.kind === "string") {
    throw promqlError(source.text, at, `operator ${operator} does not take strings`);
  }
  if (operator === "and" || operator === "or" || operator === "unless") {
    if (left.kind === "scalar" || right.kind === "scalar")
      throw promqlError(
        source.text,
        at,
        `set operator "${operator}" not allowed in binary scalar expression`,
      );
    return { kind: "vector", series: setOperation(expression, left.series, right.series) };
  }
  if (left.kind === "scalar" && right.kind === "scalar") {
    if (comparisons[operator] !== undefined && !expression.bool)
      throw promqlError(source.text, at, "comparisons between scalars must use BOOL modifier");
    const values = left.values.map((value, step) => {
      const other = right.values[step] ?? NaN;
      return apply(expression, value, other, value) ?? NaN;
    });
    return { kind: "scalar", values };
  }
  if (left.kind === "scalar" || right.kind === "scalar")
    return { kind: "vector", series: withScalar(expression, left, right) };
  return { kind: "vector", series: pairs(expression, left.series, right.series, source) };
}

/** `kept`: what a comparison that holds and filters gives. */
function apply({ operator, bool }: Binary, a: number, b: number, kept: number): number | undefined {
  const compare = comparisons[operator];
  if (compare === undefined) return arithmetic[operator]?.(a, b);
  if (bool) return compare(a, b) ? 1 : 0;
  return compare(a, b) ? kept : undefined;
}

function isFilter({ operator, bool }: Binary): boolean {
  return comparisons[operator] !== undefined && !bool;
}

function withScalar(expression: Binary, left: Value, right: Value): Series[] {
  const onLeft = left.kind === "vector";
  const series = onLeft ? left.series : right.kind === "vector" ? right.series : [];
  const numbers = onLeft ? right : left;
  const scalar = (step: number): number =>
    numbers.kind === "scalar" ? (numbers.values[step] ?? NaN) : NaN;
  const changed = mapValues(series, (value, step) =>
    onLeft
      ? apply(expression, value, scalar(step), value)
      : apply(expression, scalar(step), value, value),
  );
  if (!isFilter(expression)) return changed;
  return changed.map(({ values }, i) => ({ labels: series[i]?.labels ?? {}, values }));
}

/** The labels by which the sides are paired. */
function matched({ matching: { on, labels } }: Binary, all: Labels): Labels {
  const named = new Set(labels);
  return pickLabels(all, (name) =>
    on ? named.has(name) : name !== "__name__" && !named.has(name),
  );
}

function pairs(
  expression: Binary,
  left: readonly Series[],
  right: readonly Series[],
  source: Source,
): Series[] {
  const rightByKey = uniqueByKey(expression, right, "right", source);
  uniqueByKey(expression, left, "left", source);
  return left.flatMap((one) => {
    const labels = matched(expression, one.labels);
    const other = rightByKey.get(signature(labels));
    if (other === undefined) return [];
    const values = one.values.map((a, step) => {
      const b = other.values[step];
      return a === undefined || b === undefined ? undefined : apply(expression, a, b, a);
    });
    return [{ labels: isFilter(expression) ? one.labels : labels, values }];
  });
}

function uniqueByKey(
  expression: Binary,
  series: readonly Series[],
  side: string,
  { text }: Source,
): Map<string, Series> {
  const byKey = new Map<string, Series>();
  for (const one of series) {
    const key = signature(matched(expression, one.labels));
    if (byKey.has(key)) {
      const problem = `found duplicate series for the match group on the ${side} hand-side of the operation`;
      throw promqlError(text, expression.at, `${problem}; many-to-many matching not allowed`);
    }
    byKey.set(key, one);
  }
  return byKey;
}

function setOperation(
  expression: Binary,
  left: readonly Series[],
  right: readonly Series[],
): Series[] {
  const key = ({ labels }: Series): string => signature(matched(expression, labels));
  const has = (side: readonly Series[]): ((wanted: string, step: number) => boolean) => {
    const groups = Map.groupBy(side, key);
    return (wanted, step) =>
      groups.get(wanted)?.some(({ values }) => values[step] !== undefined) ?? false;
  };
  const filtered = (
    side: readonly Series[],
    isKept: (wanted: string, step: number) => boolean,
  ): Series[] =>
    side.map((one) => {
      const wanted = key(one);
      const values = one.values.map((value, step) => (isKept(wanted, step) ? value : undefined));
      return { labels: one.labels, values };
    });
  if (expression.operator === "and") return filtered(left, has(right));
  const inRight = has(right);
  if (expression.operator === "unless")
    return filtered(left, (wanted, step) => !inRight(wanted, step));
  const inLeft = has(left);
  return merged([...left, ...filtered(right, (wanted, step) => !inLeft(wanted, step))]);
}

/** Series of both sides with the same labels, which never have a sample at the same step, are one. */
function merged(series: readonly Series[]): Series[] {
  const groups = Map.groupBy(series, ({ labels }) => signature(labels));
  return [...groups.values()].flatMap(([first, ...others]) => {
    if (first === undefined) return [];
    const values = first.values.map(
      (value, step) =>
        value ?? others.find((other) => other.values[step] !== undefined)?.values[step],
    );
    return [{ labels: first.labels, values }];
  });
}
