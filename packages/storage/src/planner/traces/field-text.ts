// A field expression as text, for the names of aggregates in answers: `avg(span.items * 2)`.

import type { FieldExpression } from "@clew/traceql";

export function fieldText(expression: FieldExpression): string {
  switch (expression.kind) {
    case "attribute":
    case "intrinsic":
      return expression.text;
    case "unary":
      return expression.operator + operandText(expression.operand);
    case "binary":
      return `${operandText(expression.left)} ${expression.operator} ${operandText(expression.right)}`;
    case "static":
      if (expression.type === "nil") return "nil";
      if (expression.type === "string") return JSON.stringify(expression.value);
      return expression.type === "duration" ? `${expression.value}ns` : String(expression.value);
  }
}

function operandText(expression: FieldExpression): string {
  const text = fieldText(expression);
  return expression.kind === "binary" ? `(${text})` : text;
}
