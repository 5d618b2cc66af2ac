// Types of field expressions. Attributes have any type; what mismatches only with the data is false at run time,
// what mismatches in the text is an error here.

import type {
  ComparisonOperator,
  FieldBinary,
  FieldExpression,
  FieldReference,
  FieldUnary,
  Static,
} from "../ast.ts";
import { type ExpressionType, intrinsicTypes, MAX_INT } from "../vocabulary.ts";
import { regexFault } from "./check-regex.ts";
import type { Fail } from "./fault.ts";

const numeric: ReadonlySet<ExpressionType> = new Set(["unknown", "int", "float", "duration"]);
const ordered: ReadonlySet<ExpressionType> = new Set([...numeric, "string"]);
const boolean: ReadonlySet<ExpressionType> = new Set(["unknown", "bool"]);
const text: ReadonlySet<ExpressionType> = new Set(["unknown", "string"]);

export function isNumericType(type: ExpressionType): boolean {
  return numeric.has(type);
}

/** Type of a reference, `unknown` for attributes. */
export function referenceType(field: FieldReference): ExpressionType {
  return field.kind === "attribute" ? "unknown" : intrinsicTypes[field.name];
}

export function checkCondition(condition: FieldExpression, fail: Fail): void {
  const type = checkField(condition, fail);
  if (boolean.has(type)) return;
  const hint =
    condition.kind === "intrinsic" && type === "string"
      ? `compare it: ${condition.text} = "…"`
      : "compare it with something";
  fail(condition.at, `a condition is true or false, this is ${typeNames[type]}`, { hint });
}

/** Checks everything in it and gives its type. */
export function checkField(expression: FieldExpression, fail: Fail): ExpressionType {
  switch (expression.kind) {
    case "static":
      return checkStatic(expression, fail);
    case "attribute":
    case "intrinsic":
      return referenceType(expression);
    case "unary":
      return checkUnary(expression, fail);
    case "binary":
      return checkBinary(expression, fail);
  }
}

/** Refuses the one integer that the lexer lets through for the sake of its negative. */
export function checkStatic(value: Static, fail: Fail): ExpressionType {
  if (value.type === "int" && value.value > MAX_INT)
    fail(value.at, `${value.value} does not fit into 64 bits`);
  return value.type;
}

function checkUnary({ operator, operand }: FieldUnary, fail: Fail): ExpressionType {
  const type = checkField(operand, fail);
  const allowed = operator === "!" ? boolean : numeric;
  if (!allowed.has(type)) {
    const wanted = operator === "!" ? "a condition" : "a number or duration";
    fail(operand.at, `${operator} stands before ${wanted}, this is ${typeNames[type]}`);
  }
  return operator === "!" ? "bool" : type;
}

function checkBinary(node: FieldBinary, fail: Fail): ExpressionType {
  const { operator } = node;
  if (operator === "=~" || operator === "!~") return checkMatch(node, fail);
  const left = checkField(node.left, fail);
  const right = checkField(node.right, fail);
  switch (operator) {
    case "&&":
    case "||":
      requireType(node.left, left, boolean, `${operator} stands between conditions`, fail);
      requireType(node.right, right, boolean, `${operator} stands between conditions`, fail);
      return "bool";
    case "=":
    case "!=":
    case "<":
    case "<=":
    case ">":
    case ">=":
      checkComparison(node, operator, left, right, fail);
      return "bool";
    default:
      requireType(node.left, left, numeric, `${operator} computes with numbers`, fail);
      requireType(node.right, right, numeric, `${operator} computes with numbers`, fail);
      return arithmeticType(left, right);
  }
}

function arithmeticType(left: ExpressionType, right: ExpressionType): ExpressionType {
  if (left === "unknown" || right === "unknown") return left === "unknown" ? right : left;
  if (left === "duration" || right === "duration") return "duration";
  return left === "float" || right === "float" ? "float" : "int";
}

function requireType(
  node: FieldExpression,
  type: ExpressionType,
  allowed: ReadonlySet<ExpressionType>,
  rule: string,
  fail: Fail,
): void {
  if (!allowed.has(type)) fail(node.at, `${rule}, this is ${typeNames[type]}`);
}

function checkComparison(
  node: FieldBinary,
  operator: ComparisonOperator,
  left: ExpressionType,
  right: ExpressionType,
  fail: Fail,
): void {
  if (left === "nil" || right === "nil") return checkNil(node, left, right, fail);
  if (left === right || left === "unknown" || right === "unknown") {
    const equality = operator === "=" || operator === "!=";
    for (const [side, type] of [
      [node.left, left],
      [node.right, right],
    ] as const) {
      if (!equality && !ordered.has(type))
        fail(side.at, `${operator} needs an order and ${typeNames[type]} has none`, {
          hint: "compare it with = or !=",
        });
    }
    return;
  }
  if (numeric.has(left) && numeric.has(right)) return;
  fail(node.at, `${typeNames[left]} is never compared with ${typeNames[right]}`, hintFor(node));
}

function hintFor({ left, right }: FieldBinary): { hint?: string } {
  if (left.kind !== "intrinsic" || right.kind !== "static" || right.type !== "string") return {};
  const wants = intrinsicTypes[left.name];
  if (wants === "status" || wants === "kind" || wants === "duration")
    return { hint: `without quotes: ${left.text} = ${wants === "duration" ? "1s" : right.value}` };
  return {};
}

function checkNil(
  node: FieldBinary,
  left: ExpressionType,
  right: ExpressionType,
  fail: Fail,
): void {
  if (node.operator !== "=" && node.operator !== "!=")
    fail(node.at, "nil is compared with = and != only");
  if (left === "nil" && right === "nil") return;
  const other = left === "nil" ? node.right : node.left;
  if (other.kind !== "attribute" && other.kind !== "intrinsic")
    fail(other.at, "only attributes and intrinsics are compared with nil");
  else if (node.operator === "=" && isAlwaysThere(other))
    fail(node.at, `every span has ${other.text}, so it is never nil`, {
      hint:
        other.kind === "intrinsic" && other.name.startsWith("nestedSet")
          ? "root spans are { nestedSetParent < 0 }"
          : `${other.text} != nil always holds`,
    });
}

function isAlwaysThere(field: FieldReference): boolean {
  if (field.owner !== "self") return false;
  if (field.kind === "intrinsic") return true;
  return field.scope === "resource" && field.name === "service.name";
}

function checkMatch(node: FieldBinary, fail: Fail): ExpressionType {
  const left = checkField(node.left, fail);
  requireType(node.left, left, text, `${node.operator} matches text`, fail);
  const pattern = node.right;
  if (pattern.kind !== "static" || pattern.type !== "string")
    return fail(pattern.at, `after ${node.operator} stands a regular expression between quotes`);
  const fault = regexFault(pattern.value);
  if (fault !== undefined)
    fail(pattern.at, `the regular expression cannot be used: ${fault}`, {
      hint: "the syntax is RE2's; the whole value must match, as if between ^ and $",
    });
  return "bool";
}

/** Types as they are called in messages. */
export const typeNames: Readonly<Record<ExpressionType, string>> = {
  unknown: "an attribute",
  nil: "nil",
  string: "a string",
  int: "a number",
  float: "a number",
  bool: "true or false",
  duration: "a duration",
  status: "a status",
  kind: "a span kind",
};
