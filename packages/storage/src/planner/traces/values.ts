// Values of TraceQL in memory, and what its operators make of them. The rules are those of the SQL that
// planner/field-sql.ts writes: operands of different types are false for every operator, nil is equal to
// nothing, an array matches by any element (for != by none).

import type { SpanKindName, StatusCodeName, TypedValue } from "@clew/model";
import type { ArithmeticOperator, ComparisonOperator, Static } from "@clew/traceql";

export type Value =
  | { readonly type: "nil" }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "int" | "duration"; readonly value: bigint }
  | { readonly type: "float"; readonly value: number }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "status"; readonly value: StatusCodeName }
  | { readonly type: "kind"; readonly value: SpanKindName }
  | { readonly type: "array"; readonly value: readonly Value[] };

export const NIL: Value = { type: "nil" };
/** Powers from here on are floats. */
const MAX_POWER = 2 ** 62;

export function literal(node: Static): Value {
  if (node.type === "nil") return NIL;
  const { type, value } = node;
  return { type, value } as Value;
}

/** int, duration and float are one class; undefined for everything else. */
export function numberOf(value: Value): number | bigint | undefined {
  return value.type === "int" || value.type === "duration" || value.type === "float"
    ? value.value
    : undefined;
}

/** A comparison without a regular expression: those are the engine's (RE2). */
export function compare(
  operator: Exclude<ComparisonOperator, "=~" | "!~">,
  left: Value,
  right: Value,
): boolean {
  if (left.type === "array") return compareElements(operator, left.value, right, false);
  if (right.type === "array") return compareElements(operator, right.value, left, true);
  const x = numberOf(left);
  const y = numberOf(right);
  if (x !== undefined && y !== undefined) return meets(operator, orderOfNumbers(x, y));
  if (left.type !== right.type || left.type === "nil" || right.type === "nil") return false;
  if (left.type === "string") return meets(operator, compareText(left.value, String(right.value)));
  if (operator === "=") return left.value === right.value;
  return operator === "!=" && left.value !== right.value;
}

/** `elements` against `other`, or the other way round. */
function compareElements(
  operator: Exclude<ComparisonOperator, "=~" | "!~">,
  elements: readonly Value[],
  other: Value,
  isRight: boolean,
): boolean {
  if (other.type === "array" || elements.length === 0) return false;
  const meetsOne = (element: Value, by: typeof operator): boolean =>
    isRight ? compare(by, other, element) : compare(by, element, other);
  if (operator !== "!=") return elements.some((element) => meetsOne(element, operator));
  // All elements have one type: a mismatch is one for each.
  return elements.every((element) => meetsOne(element, "!="));
}

function orderOfNumbers(x: number | bigint, y: number | bigint): number {
  return x < y ? -1 : x > y ? 1 : x == y ? 0 : Number.NaN; // oxlint-disable-line eqeqeq -- 1n == 1
}

function meets(operator: Exclude<ComparisonOperator, "=~" | "!~">, order: number): boolean {
  switch (operator) {
    case "=":
      return order === 0;
    case "!=":
      return order !== 0;
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
  }
}

/** By bytes of UTF-8, which is by code points: UTF-16 units order differently past the basic plane. */
function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** nil unless both are numbers, and for int / 0 and int % 0. Ints wrap at 64 bits, as in SQL; powers past it are floats. */
export function compute(operator: ArithmeticOperator, left: Value, right: Value): Value {
  const x = numberOf(left);
  const y = numberOf(right);
  if (x === undefined || y === undefined) return NIL;
  if (left.type === "int" && right.type === "int")
    return computeInts(operator, left.value, right.value);
  return { type: "float", value: computeFloats(operator, Number(x), Number(y)) };
}

function computeInts(operator: ArithmeticOperator, x: bigint, y: bigint): Value {
  if ((operator === "/" || operator === "%") && y === 0n) return NIL;
  if (operator === "^") {
    const power = Number(x) ** Number(y);
    if (y < 0n || Math.abs(power) >= MAX_POWER) return { type: "float", value: power };
  }
  return { type: "int", value: BigInt.asIntN(64, exact(operator, x, y)) };
}

function exact(operator: ArithmeticOperator, x: bigint, y: bigint): bigint {
  switch (operator) {
    case "+":
      return x + y;
    case "-":
      return x - y;
    case "*":
      return x * y;
    case "/":
      return x / y;
    case "%":
      return x % y;
    case "^":
      return x ** y;
  }
}

function computeFloats(operator: ArithmeticOperator, x: number, y: number): number {
  switch (operator) {
    case "+":
      return x + y;
    case "-":
      return x - y;
    case "*":
      return x * y;
    case "/":
      return x / y;
    case "%":
      return x % y;
    case "^":
      return x ** y;
  }
}

export function negate(value: Value): Value {
  if (value.type === "int" || value.type === "duration")
    return { type: value.type, value: -value.value };
  return value.type === "float" ? { type: "float", value: -value.value } : NIL;
}

/** Equal for equal values of one type. */
export function valueKey(value: Value): string {
  if (value.type === "nil") return "nil";
  if (value.type === "array") return `array:${JSON.stringify(value.value.map(valueKey))}`;
  return `${value.type}:${String(value.value)}`;
}

/** As answers carry it. */
export function typedValue(value: Value): TypedValue {
  switch (value.type) {
    case "int":
    case "duration":
      return { type: value.type, value: String(value.value) };
    case "array":
      return { type: "array", value: value.value.map(typedValue) };
    default:
      return value;
  }
}

export function fromTyped(value: TypedValue): Value {
  switch (value.type) {
    case "int":
    case "duration":
      return { type: value.type, value: BigInt(value.value) };
    case "status":
    case "kind":
      return value as Value;
    case "array":
      return { type: "array", value: value.value.map(fromTyped) };
    default:
      return value as Value;
  }
}
