// Expressions over one span, by precedence (Pratt). Low to high: `&& ||` (one level), comparisons, `+ -` and
// the sign, `!`, `* / %`, `^` (from the right). So `-a * b` is -(a * b), and `!a = b` is (!a) = b.

import type { FieldBinary, FieldExpression, FieldUnary, SpansetFilter } from "./ast.ts";
import type { Cursor } from "./cursor.ts";
import { acceptReference, unknownWord } from "./parse-reference.ts";
import { negated, parseStatic } from "./parse-static.ts";

/** Level of every binary operator of field expressions. */
export const fieldPrecedence: ReadonlyMap<string, number> = new Map([
  ...["&&", "||"].map((operator) => [operator, 2] as const),
  ...["=", "!=", "<", "<=", ">", ">=", "=~", "!~"].map((operator) => [operator, 3] as const),
  ...["+", "-"].map((operator) => [operator, 4] as const),
  ...["*", "/", "%"].map((operator) => [operator, 6] as const),
  ["^", 7],
]);
/** What the operand of a prefix operator must bind tighter than: `-` has the level of a sum. */
export const prefixPrecedence = { "-": 4, "!": 5 } as const;

export function parseFieldExpression(cursor: Cursor, above = 0): FieldExpression {
  let left = parseOperand(cursor);
  for (;;) {
    const { token } = cursor;
    const level = fieldPrecedence.get(token.kind);
    if (level === undefined || level <= above) return left;
    cursor.countTerm();
    cursor.take();
    const operator = token.kind as FieldBinary["operator"];
    const right =
      operator === "^"
        ? cursor.nested(() => parseFieldExpression(cursor, level - 1))
        : cursor.nested(() => parseFieldExpression(cursor, level));
    left = binary(operator, left, right);
  }
}

function binary(
  operator: FieldBinary["operator"],
  left: FieldExpression,
  right: FieldExpression,
): FieldBinary {
  const at = { start: left.at.start, end: right.at.end };
  // `nil = .a` is read as `.a = nil`, so that those who evaluate it look at one side only.
  const swap = isNil(left) && !isNil(right) && (operator === "=" || operator === "!=");
  return swap
    ? { kind: "binary", operator, left: right, right: left, at }
    : { kind: "binary", operator, left, right, at };
}

function isNil(expression: FieldExpression): boolean {
  return expression.kind === "static" && expression.type === "nil";
}

function parseOperand(cursor: Cursor): FieldExpression {
  const { token } = cursor;
  if (token.kind === "-" || token.kind === "!") return parsePrefix(cursor, token.kind);
  if (token.kind === "(") {
    cursor.take();
    const inner = cursor.nested(() => parseFieldExpression(cursor));
    cursor.expect(")", "an operator");
    return inner;
  }
  const value = parseStatic(cursor);
  if (value !== undefined) return value;
  const reference = acceptReference(cursor);
  if (reference !== undefined) return reference;
  if (token.kind === "word") return unknownWord(cursor, token);
  return cursor.unexpected(["a value", "an attribute", "an intrinsic"]);
}

function parsePrefix(cursor: Cursor, operator: FieldUnary["operator"]): FieldExpression {
  const { start } = cursor.take().at;
  const operand = cursor.nested(() => parseFieldExpression(cursor, prefixPrecedence[operator]));
  const at = { start, end: operand.at.end };
  const negative = operator === "-" ? negated(operand, at) : undefined;
  if (negative !== undefined) return negative;
  return { kind: "unary", operator, operand, at };
}

/** `{ condition }` */
export function parseFilterBraces(cursor: Cursor): SpansetFilter {
  const { start } = cursor.expect("{").at;
  if (cursor.accept("}") !== undefined) {
    const at = cursor.placeFrom(start);
    return { kind: "filter", condition: { kind: "static", type: "bool", value: true, at }, at };
  }
  const condition = cursor.nested(() => parseFieldExpression(cursor));
  cursor.expect("}", "an operator");
  return { kind: "filter", condition, at: cursor.placeFrom(start) };
}
