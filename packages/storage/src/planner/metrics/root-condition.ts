// `{ nestedSetParent < 0 }` is how TraceQL says "root span". A root is a span that names no parent, which the
// span itself tells: its nestedSetParent is -1, that of all others 0 or more. Comparisons that only ask for
// this become conditions on span:parentID, so that they need no whole trace.

import type { ComparisonOperator, FieldExpression, Static } from "@clew/traceql";

const FLIPPED: Readonly<Partial<Record<string, ComparisonOperator>>> = {
  "<": ">",
  "<=": ">=",
  ">": "<",
  ">=": "<=",
  "=": "=",
  "!=": "!=",
};

/** The same condition, with what asks for roots said of single spans. */
export function withLocalRoots(expression: FieldExpression): FieldExpression {
  if (expression.kind === "unary") {
    return { ...expression, operand: withLocalRoots(expression.operand) };
  }
  if (expression.kind !== "binary") return expression;
  const { operator, left, right, at } = expression;
  const flipped = FLIPPED[operator];
  const isRoot = isNestedSetParent(left)
    ? rootComparison(operator, right)
    : isNestedSetParent(right) && flipped !== undefined
      ? rootComparison(flipped, left)
      : undefined;
  if (isRoot === undefined) {
    return { ...expression, left: withLocalRoots(left), right: withLocalRoots(right) };
  }
  return {
    kind: "binary",
    operator: isRoot ? "=" : "!=",
    left: { kind: "intrinsic", owner: "self", name: "span:parentID", text: "span:parentID", at },
    right: { kind: "static", type: "nil", at },
    at,
  };
}

function isNestedSetParent(expression: FieldExpression): boolean {
  return (
    expression.kind === "intrinsic" &&
    expression.owner === "self" &&
    expression.name === "nestedSetParent"
  );
}

/** True when the comparison holds for roots alone, false when for all others alone. */
function rootComparison(operator: string, value: FieldExpression): boolean | undefined {
  if (value.kind !== "static") return undefined;
  const limit = numberOf(value);
  if (limit === undefined) return undefined;
  switch (operator) {
    case "<":
      return limit > -1 && limit <= 0 ? true : undefined;
    case "<=":
      return limit >= -1 && limit < 0 ? true : undefined;
    case "=":
      return limit === -1 ? true : undefined;
    case "!=":
      return limit === -1 ? false : undefined;
    case ">":
      return limit >= -1 && limit < 0 ? false : undefined;
    case ">=":
      return limit > -1 && limit <= 0 ? false : undefined;
    default:
      return undefined;
  }
}

function numberOf(value: Static): number | undefined {
  return value.type === "int" || value.type === "float" ? Number(value.value) : undefined;
}
