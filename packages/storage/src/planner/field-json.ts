// Values inside typed JSON (the codec's `value-json`): attributes of events and links, and arrays in the
// map `other`. The text is canonical, so that `"key":` is written in one way only.

import type { ComparisonOperator } from "@clew/traceql";
import { type Literal, type Part, relation } from "../read/attribute-parts.ts";
import type { SqlParameters } from "../read/sql-parameters.ts";
import { FALSE } from "./field-logic.ts";

/** The parts of attribute `key` in a JSON object of attributes; `text` is its SQL. */
export function jsonParts(text: string, key: string, parameters: SqlParameters): readonly Part[] {
  const k = parameters.text(key);
  const name = `${JSON.stringify(key)}:`;
  const isThere = `position(${text}, ${parameters.text(name)}) > 0`;
  const type = `JSONType(${text}, ${k})`;
  const present = (condition: string): string => `(${isThere} AND ${condition})`;
  const special = `JSONHas(${text}, ${k}, 'double')`;
  return [
    {
      type: "string",
      value: `JSONExtractString(${text}, ${k})`,
      present: present(`${type} = 'String'`),
    },
    {
      type: "int",
      value: `JSONExtractInt(${text}, ${k})`,
      present: present(`${type} IN ('Int64', 'UInt64')`),
    },
    {
      type: "float",
      value: `if(${special}, toFloat64OrZero(JSONExtractString(${text}, ${k}, 'double')), JSONExtractFloat(${text}, ${k}))`,
      present: present(`(${type} = 'Double' OR ${special})`),
    },
    {
      type: "bool",
      value: `JSONExtractBool(${text}, ${k})`,
      present: present(`${type} = 'Bool'`),
    },
    {
      type: "json",
      value: `JSONExtractRaw(${text}, ${k})`,
      present: present(`${type} IN ('Array', 'Object') AND NOT ${special}`),
    },
  ];
}

/** UInt8: whether the attribute is there with a value. */
export function hasInJson(text: string, key: string, parameters: SqlParameters): string {
  const k = parameters.text(key);
  const name = parameters.text(`${JSON.stringify(key)}:`);
  return `(position(${text}, ${name}) > 0 AND JSONType(${text}, ${k}) != 'Null')`;
}

const STRINGS = String.raw`^\["(?:[^"\\]|\\.)*"(?:,"(?:[^"\\]|\\.)*")*\]$`;
const NUMBER = String.raw`(?:-?[0-9][-+.0-9eE]*|\{"double":"-?[A-Za-z]+"\})`;
const NUMBERS = String.raw`^\[${NUMBER}(?:,${NUMBER})*\]$`;
const BOOLS = String.raw`^\[(?:true|false)(?:,(?:true|false))*\]$`;

const ELEMENTS: Readonly<
  Record<"string" | "number" | "bool", { pattern: string; of: (text: string) => string }>
> = {
  string: { pattern: STRINGS, of: (text) => `JSONExtract(${text}, 'Array(String)')` },
  // Integers past 2^53 lose digits only where the array also has floats.
  number: {
    pattern: NUMBERS,
    of: (text) =>
      `arrayMap(e -> toFloat64OrZero(replaceAll(replaceAll(e, '{"double":"', ''), '"}', '')), splitByChar(',', substring(${text}, 2, length(${text}) - 2)))`,
  },
  bool: { pattern: BOOLS, of: (text) => `JSONExtract(${text}, 'Array(Bool)')` },
};

/**
 * UInt8: an array against one value. `!=` and `!~` hold when no element is equal or matches, all others when
 * any element meets them. Empty and mixed arrays meet nothing.
 */
export function compareArray(
  array: Part,
  operator: ComparisonOperator,
  type: Literal["type"],
  right: string,
  parameters: SqlParameters,
): string {
  if (type !== "string" && (operator === "=~" || operator === "!~")) return FALSE;
  if (type === "bool" && operator !== "=" && operator !== "!=") return FALSE;
  const elements = ELEMENTS[type === "int" || type === "float" ? "number" : type];
  const isSuch = `match(${array.value}, ${parameters.text(elements.pattern)})`;
  const isNone = operator === "!=" || operator === "!~";
  const positive = operator === "!=" ? "=" : operator === "!~" ? "=~" : operator;
  const any = `arrayExists(x -> ${relation("x", positive, right)}, ${elements.of(array.value)})`;
  return `(${array.present} AND ${isSuch} AND ${isNone ? `NOT ${any}` : any})`;
}
