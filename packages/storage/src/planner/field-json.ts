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

interface Elements {
  /** What an array of such elements looks like as a whole. */
  readonly pattern: string;
  readonly of: (text: string) => string;
  /** The relation of element `x` to a value. */
  readonly meets: (operator: ComparisonOperator, right: string) => string;
}

const ELEMENTS: Readonly<Record<"string" | "number" | "bool", Elements>> = {
  string: {
    pattern: STRINGS,
    of: (text) => `JSONExtract(${text}, 'Array(String)')`,
    meets: (operator, right) => relation("x", operator, right),
  },
  // Integers are compared as such: a float has no room for all of their digits.
  number: {
    pattern: NUMBERS,
    of: (text) => `splitByChar(',', substring(${text}, 2, length(${text}) - 2))`,
    meets: (operator, right) => {
      const float = `toFloat64OrNull(replaceAll(replaceAll(x, '{"double":"', ''), '"}', ''))`;
      return `ifNull(toInt64OrNull(x) ${operator} ${right}, ifNull(${float} ${operator} ${right}, 0))`;
    },
  },
  bool: {
    pattern: BOOLS,
    of: (text) => `JSONExtract(${text}, 'Array(Bool)')`,
    meets: (operator, right) => relation("x", operator, right),
  },
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
  const any = `arrayExists(x -> ${elements.meets(positive, right)}, ${elements.of(array.value)})`;
  return `(${array.present} AND ${isSuch} AND ${isNone ? `NOT ${any}` : any})`;
}
