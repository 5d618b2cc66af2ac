// Constants of metrics arithmetic, folded while parsing: integers stay integers (64 bits, division truncates).

import type { ArithmeticOperator, ScalarExpression, Static } from "./ast.ts";
import type { Cursor } from "./cursor.ts";

type Numeric = number | bigint;

/** The int or float that an expression of constants has. */
export function constantNumber(cursor: Cursor, node: ScalarExpression): Static {
  const value = fold(cursor, node);
  if (typeof value === "number" && !Number.isFinite(value))
    return cursor.fail(node.at, "the constants make no number");
  return typeof value === "bigint"
    ? { kind: "static", type: "int", value, at: node.at }
    : { kind: "static", type: "float", value, at: node.at };
}

function fold(cursor: Cursor, node: ScalarExpression): Numeric {
  if (node.kind === "aggregate")
    return cursor.fail(node.at, `${node.function}() is not a metrics function`, {
      hint: "between metrics stand metrics and numbers: ({ } | rate()) / 2",
    });
  if (node.kind === "static") {
    if (node.type === "int" || node.type === "float") return node.value;
    return cursor.fail(node.at, `metrics cannot be computed with a ${node.type}`, {
      expected: ["a number"],
    });
  }
  const left = fold(cursor, node.left);
  const right = fold(cursor, node.right);
  if (typeof left === "bigint" && typeof right === "bigint") {
    if (right === 0n && (node.operator === "/" || node.operator === "%"))
      return cursor.fail(node.at, "division by zero");
    return integer(cursor, node, left, right);
  }
  return float(node.operator, Number(left), Number(right));
}

function integer(
  cursor: Cursor,
  node: Extract<ScalarExpression, { kind: "scalars" }>,
  left: bigint,
  right: bigint,
): Numeric {
  switch (node.operator) {
    case "+":
      return BigInt.asIntN(64, left + right);
    case "-":
      return BigInt.asIntN(64, left - right);
    case "*":
      return BigInt.asIntN(64, left * right);
    case "/":
      return BigInt.asIntN(64, left / right);
    default:
      return cursor.fail(node.at, `metrics have no operator ${node.operator}`);
  }
}

function float(operator: ArithmeticOperator, left: number, right: number): number {
  switch (operator) {
    case "+":
      return left + right;
    case "-":
      return left - right;
    case "*":
      return left * right;
    case "/":
      return left / right;
    case "%":
      return left % right;
    case "^":
      return left ** right;
  }
}

const NANOS = 1e9;

/** What metrics are compared with: a number, a duration as seconds. */
export function thresholdValue(cursor: Cursor, value: Static): number {
  if (value.type === "int" || value.type === "float") return Number(value.value);
  if (value.type === "duration") return Number(value.value) / NANOS;
  return cursor.fail(value.at, "metrics are compared with numbers and durations", {
    expected: ["a number", "a duration"],
  });
}
