// Typed values of answers: for the eye, and as conditions that find the same again.

import { formatDuration, oneLine } from "@clew/base";
import type { NamedValue, TypedValue } from "@clew/model";
import { literalText } from "./filter-text.ts";

/** One line for the eye. */
export function valueText(value: TypedValue, maxLength = 200): string {
  switch (value.type) {
    case "nil":
      return "none";
    case "string":
      return value.value === "" ? "(empty)" : oneLine(value.value, maxLength);
    case "duration":
      return formatDuration(Number(value.value));
    case "float":
      return String(Number(value.value.toPrecision(8)));
    case "bool":
      return String(value.value);
    case "array":
      return oneLine(
        value.value
          .slice(0, 50)
          .map((one) => valueText(one, maxLength))
          .join(", "),
        maxLength,
      );
    default:
      return value.value;
  }
}

/** `field = value`, or `!=`; undefined for what no comparison finds again. */
export function conditionOfValue(
  { name, value }: NamedValue,
  operator: "=" | "!=" = "=",
): string | undefined {
  const reference = /^by\((.*)\)$/s.exec(name)?.[1] ?? name;
  if (reference.startsWith("__") || reference === "p" || /^\w+\(.*\)$/s.test(reference))
    return undefined;
  switch (value.type) {
    case "nil":
      return `${reference} ${operator} nil`;
    case "array":
      return undefined;
    case "float":
      return Number.isFinite(value.value)
        ? `${reference} ${operator} ${floatText(value.value)}`
        : undefined;
    case "duration":
      return `${reference} ${operator} ${value.value}ns`;
    case "bool":
      return `${reference} ${operator} ${value.value}`;
    default:
      return `${reference} ${operator} ${literalText({ type: value.type, text: value.value })}`;
  }
}

function floatText(value: number): string {
  const text = String(value);
  return /[.e]/.test(text) ? text : `${text}.0`;
}

/** Order for sorting: numbers by size, the rest by text, absent ones last. */
export function compareValues(a: TypedValue | undefined, b: TypedValue | undefined): number {
  const [x, y] = [sortKey(a), sortKey(b)];
  if (x === undefined || y === undefined) return x === y ? 0 : x === undefined ? 1 : -1;
  if (typeof x === "number" && typeof y === "number") return x - y;
  if (typeof x !== typeof y) return typeof x === "number" ? -1 : 1;
  return x < y ? -1 : x > y ? 1 : 0;
}

function sortKey(value: TypedValue | undefined): number | string | undefined {
  if (value === undefined || value.type === "nil") return undefined;
  if (value.type === "int" || value.type === "duration") return Number(value.value);
  if (value.type === "float") return value.value;
  if (value.type === "bool") return value.value ? 1 : 0;
  return value.type === "array" ? valueText(value) : value.value;
}
