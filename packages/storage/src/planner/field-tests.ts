// What a value must be, as SQL over the places where it may lie.

import type { ComparisonOperator, Static } from "@clew/traceql";
import {
  comparePart,
  type Literal,
  type Part,
  partIsIn,
  relation,
} from "../read/attribute-parts.ts";
import type { SqlParameters } from "../read/sql-parameters.ts";
import { compareArray } from "./field-json.ts";
import { allOf, anyOf, FALSE } from "./field-logic.ts";
import { bind, compareNumbers, type NumberSql, numberOf } from "./field-numbers.ts";
import { presentIn } from "./field-places.ts";
import { partsOfPair } from "./field-typed.ts";

/** What a reference's value must be. */
export type Test =
  | { readonly operator: ComparisonOperator; readonly literal: Static }
  | { readonly operator: "in"; readonly values: readonly string[] }
  | { readonly operator: "exists" }
  /** The boolean itself; an array of booleans is none. */
  | { readonly operator: "is"; readonly literal: Static };

/** More pairs of places than this make a statement too long for the engine. */
export const MAX_PAIRS = 16;
/** UInt8: whether the value in any of the parts meets a test. */
export function partsMeet(parts: readonly Part[], test: Test, parameters: SqlParameters): string {
  if (test.operator === "exists") return presentIn(parts);
  if (test.operator === "in") {
    const { values } = test;
    const each = values.map((value) => equalityTest(value));
    return anyOf(
      parts.flatMap((part) =>
        part.type === "string"
          ? [partIsIn(part, values, parameters)]
          : each.map((one) => partMeets(part, one.operator, one.literal, parameters)),
      ),
    );
  }
  if (test.operator === "is") {
    const bools = parts.filter(({ type }) => type === "bool");
    return anyOf(bools.map((part) => partMeets(part, "=", test.literal, parameters)));
  }
  return anyOf(parts.map((part) => partMeets(part, test.operator, test.literal, parameters)));
}

function partMeets(
  part: Part,
  operator: ComparisonOperator,
  literal: Static,
  parameters: SqlParameters,
): string {
  const right = literalOf(literal, operator);
  if (right === undefined) {
    if (literal.type !== part.type || (operator !== "=" && operator !== "!=")) return FALSE;
    if (literal.type !== "status" && literal.type !== "kind") return FALSE;
    return `${part.value} ${operator} ${parameters.text(literal.value)}`;
  }
  if (part.type === "json") {
    const value = staticSql(literal, parameters)?.value ?? "";
    const sql = right.type === "string" ? parameters.text(right.value) : value;
    return compareArray(part, operator, right.type, sql, parameters);
  }
  if (!isComparable(part.type, right.type)) return FALSE;
  if (right.type === "bool" && operator !== "=" && operator !== "!=") return FALSE;
  if (right.type !== "string" && (operator === "=~" || operator === "!~")) return FALSE;
  return comparePart(part, operator, right, parameters);
}

/** Every pair of places that compare, and the numbers. */
export function compareParts(
  left: readonly Part[],
  operator: ComparisonOperator,
  right: readonly Part[],
  numbers: readonly [NumberSql | undefined, NumberSql | undefined],
  parameters: SqlParameters,
): string {
  const conditions = [compareNumbers(numbers[0], operator, numbers[1])];
  for (const x of left) {
    for (const y of right) conditions.push(comparePair(x, operator, y, parameters));
  }
  return anyOf(conditions);
}

/** Two values of many places each, as `typedOf` writes them: the pairs of places are those of two names. */
export function compareTyped(
  left: string,
  operator: ComparisonOperator,
  right: string,
  parameters: SqlParameters,
): string {
  const [x, y] = [partsOfPair("one.1", "one.2"), partsOfPair("two.1", "two.2")];
  const body = compareParts(x, operator, y, [numberOf(x), numberOf(y)], parameters);
  const values = [left, right].map((typed) => `CAST(${typed}, 'Tuple(String, String)')`);
  return bind(["one", "two"], values, body);
}

function comparePair(
  left: Part,
  operator: ComparisonOperator,
  right: Part,
  parameters: SqlParameters,
): string {
  if (right.type === "json")
    return left.type === "json" ? FALSE : comparePair(right, flipped(operator), left, parameters);
  if (left.type === "json") {
    const type = right.type === "duration" ? "int" : right.type;
    if (type === "status" || type === "kind") return FALSE;
    return allOf([right.present, compareArray(left, operator, type, right.value, parameters)]);
  }
  const isNumber = left.type === "int" || left.type === "float" || left.type === "duration";
  if (isNumber || left.type !== right.type) return FALSE;
  if (left.type !== "string" && operator !== "=" && operator !== "!=") return FALSE;
  const pattern = operator === "=~" || operator === "!~";
  const other = pattern ? `concat('^(?s:', ${right.value}, ')$')` : right.value;
  return allOf([left.present, right.present, relation(left.value, operator, other)]);
}

function isComparable(part: Part["type"], literal: Literal["type"]): boolean {
  if (literal === "int" || literal === "float")
    return part === "int" || part === "float" || part === "duration";
  return part === literal;
}

/** TraceQL's patterns match the whole text, across lines. */
export function anchored(pattern: string): string {
  return `^(?s:${pattern})$`;
}

function literalOf(literal: Static, operator: ComparisonOperator): Literal | undefined {
  switch (literal.type) {
    case "string": {
      const isPattern = operator === "=~" || operator === "!~";
      return { type: "string", value: isPattern ? anchored(literal.value) : literal.value };
    }
    case "int":
    case "duration":
      return { type: "int", value: literal.value };
    case "float":
    case "bool":
      return literal;
    default:
      return undefined;
  }
}

export function staticSql(
  literal: Static,
  parameters: SqlParameters,
): Pick<Part, "type" | "value"> | undefined {
  switch (literal.type) {
    case "nil":
      return undefined;
    case "string":
    case "status":
    case "kind":
      return { type: literal.type, value: parameters.text(literal.value) };
    case "int":
    case "duration":
      return { type: literal.type, value: parameters.int64(literal.value) };
    case "float":
      return { type: "float", value: parameters.float64(literal.value) };
    case "bool":
      return { type: "bool", value: parameters.bool(literal.value) };
  }
}

export function keyOf(what: readonly string[], test: Test): string {
  if (test.operator === "in") return JSON.stringify([...what, "in", ...test.values]);
  if (test.operator === "exists") return JSON.stringify([...what, "exists"]);
  const { literal } = test;
  const value = literal.type === "nil" ? "" : String(literal.value);
  return JSON.stringify([...what, test.operator, literal.type, value]);
}

export function flipped(operator: ComparisonOperator): ComparisonOperator {
  const turned = { "<": ">", "<=": ">=", ">": "<", ">=": "<=" } as const;
  return operator in turned ? turned[operator as keyof typeof turned] : operator;
}

function equalityTest(value: string): { readonly operator: "="; readonly literal: Static } {
  return {
    operator: "=",
    literal: { kind: "static", type: "string", value, at: { start: 0, end: 0 } },
  };
}

export function boolTest(value: boolean): Test {
  return {
    operator: "is",
    literal: { kind: "static", type: "bool", value, at: { start: 0, end: 0 } },
  };
}
