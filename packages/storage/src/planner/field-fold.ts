// Constant parts of field expressions, worked out before any SQL is made. Integers are 64-bit and wrap, as
// the store's do; division by zero gives nil; a mismatch of types is false.

import type {
  ComparisonOperator,
  FieldBinary,
  FieldExpression,
  Place,
  Static,
} from "@clew/traceql";
import { compare, compute, literal, negate, type Value } from "./traces/values.ts";

/** The same condition or value with everything constant evaluated. */
export function fold(expression: FieldExpression): FieldExpression {
  if (expression.kind === "unary")
    return foldUnary(expression.operator, fold(expression.operand), expression.at);
  if (expression.kind !== "binary") return expression;
  const left = fold(expression.left);
  const right = fold(expression.right);
  const folded: FieldBinary = { ...expression, left, right };
  switch (expression.operator) {
    case "&&":
    case "||":
      return foldLogic(folded, expression.operator);
    case "+":
    case "-":
    case "*":
    case "/":
    case "%":
    case "^":
      return isStatic(left) && isStatic(right)
        ? staticOf(compute(expression.operator, literal(left), literal(right)), expression.at)
        : folded;
    default:
      return foldComparison(folded, expression.operator);
  }
}

function foldUnary(operator: "-" | "!", operand: FieldExpression, at: Place): FieldExpression {
  if (!isStatic(operand)) return { kind: "unary", operator, operand, at };
  if (operator === "-") return staticOf(negate(literal(operand)), at);
  if (operator === "!" && operand.type === "bool") return bool(!operand.value, at);
  return { kind: "static", type: "nil", at };
}

function foldLogic(expression: FieldBinary, operator: "&&" | "||"): FieldExpression {
  const { left, right, at } = expression;
  // Whatever is not the boolean true counts as false.
  const decided = operator === "||";
  for (const side of [left, right]) {
    if (isStatic(side) && (side.type === "bool" && side.value) === decided)
      return bool(decided, at);
  }
  return isStatic(left) && isStatic(right) ? bool(!decided, at) : expression;
}

function foldComparison(expression: FieldBinary, operator: ComparisonOperator): FieldExpression {
  const { left, right, at } = expression;
  if (!isStatic(left) || !isStatic(right)) return expression;
  if (operator === "=~" || operator === "!~")
    return left.type === "string" && right.type === "string" ? expression : bool(false, at);
  return bool(compare(operator, literal(left), literal(right)), at);
}

/** Values become literals again; there are no literal arrays. */
function staticOf(value: Value, at: Place): Static {
  return value.type === "array"
    ? { kind: "static", type: "nil", at }
    : { kind: "static", at, ...value };
}

export function isStatic(expression: FieldExpression): expression is Static {
  return expression.kind === "static";
}

function bool(value: boolean, at: Place): Static {
  return { kind: "static", type: "bool", value, at };
}
