// Which fields of TraceQL the rollups know, and conditions on them as SQL on their columns, which are the
// same in red_1m, red_1h and service_red (that one without `name`).

import type { ComparisonOperator, FieldExpression, FieldReference, Static } from "@clew/traceql";
import type { SqlParameters } from "../../read/sql-parameters.ts";

export type RollupColumn = "service" | "name" | "kind" | "status";

/** The column that holds a field; undefined when the rollups do not know it. */
export function rollupColumn(field: FieldReference): RollupColumn | undefined {
  if (field.owner !== "self") return undefined;
  if (field.kind === "attribute") {
    return field.scope === "resource" && field.name === "service.name" ? "service" : undefined;
  }
  switch (field.name) {
    case "span:name":
      return "name";
    case "span:kind":
      return "kind";
    case "span:status":
      return "status";
    default:
      return undefined;
  }
}

/** SQL of a condition; undefined when it asks for more than rollups know. `used` collects its columns. */
export function rollupCondition(
  expression: FieldExpression,
  parameters: SqlParameters,
  used: Set<RollupColumn>,
): string | undefined {
  if (expression.kind === "unary" && expression.operator === "!") {
    const operand = rollupCondition(expression.operand, parameters, used);
    return operand === undefined ? undefined : `NOT (${operand})`;
  }
  if (expression.kind === "static") {
    return expression.type === "bool" ? (expression.value ? "1 = 1" : "0 = 1") : undefined;
  }
  if (expression.kind !== "binary") return undefined;
  const { operator, left, right } = expression;
  if (operator === "&&" || operator === "||") {
    const parts = [left, right].map((side) => rollupCondition(side, parameters, used));
    if (parts.includes(undefined)) return undefined;
    return `(${parts.join(operator === "&&" ? " AND " : " OR ")})`;
  }
  if (left.kind === "static" && isReference(right)) {
    return operator === "=" || operator === "!="
      ? comparison(right, operator, left, parameters, used)
      : undefined;
  }
  if (!isReference(left) || right.kind !== "static") return undefined;
  return comparison(left, operator, right, parameters, used);
}

function isReference(expression: FieldExpression): expression is FieldReference {
  return expression.kind === "attribute" || expression.kind === "intrinsic";
}

function comparison(
  field: FieldReference,
  operator: string,
  value: Static,
  parameters: SqlParameters,
  used: Set<RollupColumn>,
): string | undefined {
  const column = rollupColumn(field);
  if (column === undefined || !isEqualityOrPattern(operator)) return undefined;
  const isPattern = operator === "=~" || operator === "!~";
  const wanted = column === "kind" || column === "status" ? column : "string";
  if (value.type !== wanted || (isPattern && wanted !== "string")) return undefined;
  used.add(column);
  if (!isPattern) return `${column} ${operator} ${parameters.text(value.value)}`;
  const match = `match(${column}, ${parameters.text(`^(?s:${value.value})$`)})`;
  return operator === "=~" ? match : `NOT ${match}`;
}

function isEqualityOrPattern(operator: string): operator is ComparisonOperator {
  return operator === "=" || operator === "!=" || operator === "=~" || operator === "!~";
}
