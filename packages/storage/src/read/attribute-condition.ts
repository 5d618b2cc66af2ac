// One attribute condition of the plain search as SQL. The value is always text; it meets each stored type on
// that type's terms: strings as text, int and double as numbers, bool as true/false.

import { ClewError } from "@clew/base";
import type { AttributeFilter } from "@clew/model";
import {
  attributeParts,
  comparePart,
  type Literal,
  type LiteralOperator,
  type PartType,
  type ValuePlaces,
} from "./attribute-parts.ts";
import type { SqlParameters } from "./sql-parameters.ts";

/** SQL that is true for rows where the condition holds. @throws ClewError `bad_request` for a value that fits no type. */
export function attributeCondition(
  filter: AttributeFilter,
  places: ValuePlaces,
  parameters: SqlParameters,
): string {
  const { key, operator, value = "" } = filter;
  switch (operator) {
    case "exists":
      return existsCondition(key, places, parameters);
    case "=":
      return equalsCondition(key, value, places, parameters);
    case "!=": {
      const equal = equalsCondition(key, value, places, parameters);
      return `(${existsCondition(key, places, parameters)} AND NOT ${equal})`;
    }
    case "regex":
      return meetsAny(key, "=~", [{ type: "string", value }], places, parameters);
    case ">":
    case "<":
    case ">=":
    case "<=":
      return meetsAny(key, operator, [orderedNumber(filter, value)], places, parameters);
  }
}

/** SQL that is true for rows that have the attribute at all. */
export function existsCondition(
  key: string,
  places: ValuePlaces,
  parameters: SqlParameters,
): string {
  const parts = attributeParts(places, parameters.text(key));
  return anyOf(parts.map(({ present, stored = present }) => stored));
}

function equalsCondition(
  key: string,
  value: string,
  places: ValuePlaces,
  parameters: SqlParameters,
): string {
  const number = asNumber(value);
  const literals: Literal[] = [{ type: "string", value }];
  if (number !== undefined) literals.push(number);
  if (value === "true" || value === "false")
    literals.push({ type: "bool", value: value === "true" });
  return meetsAny(key, "=", literals, places, parameters);
}

/** True where a part has a value that stands in the relation to the literal of its type. */
function meetsAny(
  key: string,
  operator: LiteralOperator,
  literals: readonly Literal[],
  places: ValuePlaces,
  parameters: SqlParameters,
): string {
  const conditions: string[] = [];
  for (const part of attributeParts(places, parameters.text(key))) {
    const literal = literals.find((one) => isComparable(part.type, one.type));
    if (literal === undefined) continue;
    const condition = comparePart(part, operator, literal, parameters);
    if (condition !== "0") conditions.push(condition);
  }
  return anyOf(conditions);
}

function isComparable(part: PartType, literal: Literal["type"]): boolean {
  if (literal === "int" || literal === "float") return part === "int" || part === "float";
  return part === literal;
}

function anyOf(parts: readonly string[]): string {
  if (parts.length === 0) return "(0 = 1)";
  return parts.length === 1 ? (parts[0] as string) : `(${parts.join(" OR ")})`;
}

function orderedNumber(filter: AttributeFilter, value: string): Literal {
  const number = asNumber(value);
  if (number !== undefined) return number;
  throw new ClewError(
    "bad_request",
    `${JSON.stringify(filter.key)} ${filter.operator} needs a number`,
    {
      hint: `got ${JSON.stringify(value.slice(0, 80))}; use = or a regular expression for text`,
    },
  );
}

/** The number that a text is, an integer where it is one of 64 bits. */
function asNumber(text: string): Literal | undefined {
  if (/^[+-]?\d{1,19}$/.test(text)) {
    const value = BigInt(text.replace("+", ""));
    if (BigInt.asIntN(64, value) === value) return { type: "int", value };
  }
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return undefined;
  const value = Number(text);
  return Number.isFinite(value) ? { type: "float", value } : undefined;
}
