// How values compare and compute: section "types" of docs/traceql.md.

import type { ArithmeticOperator, ComparisonOperator } from "@clew/traceql";
import type { Value } from "./oracle-trace.ts";

/** Type and value, the same for equal values only. */
export function keyOf(value: Value): string {
  if (value === undefined) return "nil";
  if (value.type === "array") return `array:[${value.value.map(keyOf).join(",")}]`;
  return `${value.type}:${value.value}`;
}

/** A comparison of two values; false whenever they do not fit. */
export function compare(operator: ComparisonOperator, left: Value, right: Value): boolean {
  if (left === undefined || right === undefined) return false;
  if (left.type === "array" || right.type === "array") {
    if (left.type === right.type) return false;
    const many = (
      left.type === "array" ? left.value : right.type === "array" ? right.value : []
    ).map((item) =>
      left.type === "array" ? compare(operator, item, right) : compare(operator, left, item),
    );
    const none = operator === "!=" || operator === "!~";
    return many.length > 0 && (none ? many.every(Boolean) : many.some(Boolean));
  }
  if (isNumber(left) && isNumber(right)) return compareNumbers(operator, left.value, right.value);
  if (left.type !== right.type) return false;
  switch (operator) {
    case "=":
      return left.value === right.value;
    case "!=":
      return left.value !== right.value;
    default:
      return left.type === "string" && compareTexts(operator, left.value, String(right.value));
  }
}

type NumberValue = Extract<Value, { type: "int" | "float" | "duration" }>;

export function isNumber(value: Value): value is NumberValue {
  return value?.type === "int" || value?.type === "float" || value?.type === "duration";
}

function compareNumbers(
  operator: ComparisonOperator,
  left: bigint | number,
  right: bigint | number,
): boolean {
  switch (operator) {
    case "=":
      return Number(left) === Number(right);
    case "!=":
      return Number(left) !== Number(right);
    case "<":
      return left < right;
    case "<=":
      return left <= right;
    case ">":
      return left > right;
    case ">=":
      return left >= right;
    default:
      return false;
  }
}

function compareTexts(operator: ComparisonOperator, left: string, right: string): boolean {
  const order = Buffer.compare(Buffer.from(left), Buffer.from(right));
  switch (operator) {
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
    case "=~":
      return new RegExp(`^(?:${right})$`, "su").test(left);
    case "!~":
      return !new RegExp(`^(?:${right})$`, "su").test(left);
    default:
      return false;
  }
}

/** Arithmetic; undefined where there is no number. Durations make floats of nanoseconds. */
export function compute(operator: ArithmeticOperator, left: Value, right: Value): Value {
  if (!isNumber(left) || !isNumber(right)) return undefined;
  if (left.type === "int" && right.type === "int")
    return computeInts(operator, left.value, right.value);
  const [a, b] = [Number(left.value), Number(right.value)];
  return { type: "float", value: computeFloats(operator, a, b) };
}

function computeInts(operator: ArithmeticOperator, a: bigint, b: bigint): Value {
  if ((operator === "/" || operator === "%") && b === 0n) return undefined;
  if (operator === "^" && b < 0n) return { type: "float", value: Number(a) ** Number(b) };
  const results = {
    "+": () => a + b,
    "-": () => a - b,
    "*": () => a * b,
    "/": () => a / b,
    "%": () => a % b,
    "^": () => a ** b,
  };
  return { type: "int", value: BigInt.asIntN(64, results[operator]()) };
}

export function computeFloats(operator: ArithmeticOperator, a: number, b: number): number {
  const results = { "+": a + b, "-": a - b, "*": a * b, "/": a / b, "%": a % b, "^": a ** b };
  return results[operator];
}
