// Values with their TraceQL type, as the pair (type, text) in SQL and as `TypedValue` outside. Times and
// integers are decimal texts, arrays typed JSON.

import type { TypedValue } from "@clew/model";
import type { Part } from "../read/attribute-parts.ts";

/** SQL of a value's type and of its text. */
export type Pair = readonly [type: string, text: string];

/** One of several values of which the first that is there counts. */
export interface TypedLayer {
  /** SQL of type UInt8: whether it is there. */
  readonly has: string;
  readonly pair: Pair;
}

/**
 * SQL of a pair (type String, text String) of the first part that is present, ('nil', '') where none is. Two
 * choices make one pair: a choice between pairs costs the engine a fifth more.
 */
export function typedOf(parts: readonly Part[]): string {
  return `tuple(${choicesOf(parts).join(", ")})`;
}

export function choicesOf(parts: readonly Part[]): Pair {
  const types = choice(parts, ({ type }) => `'${type}'`, "'nil'");
  const [only] = parts;
  // Where there is no such string, an empty one is read.
  if (only?.type === "string" && only.blank === true && parts.length === 1)
    return [types, textOf(only)];
  return [types, choice(parts, textOf, "''")];
}

/** The same of the first layer that is there. */
export function typedOfLayers(layers: readonly TypedLayer[]): string {
  const choose = (of: (pair: Pair) => string, otherwise: string): string => {
    const branches = layers.map(({ has, pair }) => `${has}, ${of(pair)}`);
    return `multiIf(${branches.join(", ")}, ${otherwise})`;
  };
  return `tuple(${choose(([type]) => type, "'nil'")}, ${choose(([, text]) => text, "''")})`;
}

function choice(parts: readonly Part[], value: (part: Part) => string, otherwise: string): string {
  const branches: string[] = [];
  for (const part of parts) {
    if (part.present === "1") {
      branches.push(value(part));
      break;
    }
    branches.push(part.present, value(part));
  }
  if (branches.length % 2 === 0) branches.push(otherwise);
  return branches.length === 1 ? (branches[0] as string) : `multiIf(${branches.join(", ")})`;
}

/** The parts of a value given as SQL of its type and of its text, as `typedOf` writes them. */
export function partsOfPair(type: string, text: string): readonly Part[] {
  return [
    { type: "string", value: text, present: `${type} = 'string'` },
    { type: "int", value: `toInt64OrZero(${text})`, present: `${type} = 'int'` },
    { type: "float", value: `toFloat64OrZero(${text})`, present: `${type} = 'float'` },
    { type: "bool", value: `(${text} = 'true')`, present: `${type} = 'bool'` },
    { type: "json", value: text, present: `${type} = 'json'` },
  ];
}

function textOf({ type, value }: Part): string {
  if (type === "bool") return `if(${value}, 'true', 'false')`;
  return type === "string" || type === "json" ? `CAST(${value}, 'String')` : `toString(${value})`;
}

/** The value that a pair of `typedOf` stands for. Bytes and key-value lists come as their typed JSON, a string. */
export function typedValue(type: string, text: string): TypedValue {
  switch (type) {
    case "string":
    case "int":
    case "duration":
    case "status":
    case "kind":
      return { type, value: text };
    case "float":
      return { type, value: floatOf(text) };
    case "bool":
      return { type, value: text === "true" };
    case "json":
      return text.startsWith("[") ? arrayOf(text) : { type: "string", value: text };
    default:
      return { type: "nil" };
  }
}

/** The engine writes `inf`, `-inf` and `nan`. */
function floatOf(text: string): number {
  return /inf/i.test(text) ? (text.startsWith("-") ? -Infinity : Infinity) : Number(text);
}

type Reviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

/** An int has no fraction and no exponent; only the number's own text tells it apart from a double. */
const revive: Reviver = (_key, value, { source = "" }): TypedValue => {
  if (value === null) return { type: "nil" };
  if (typeof value === "string") return { type: "string", value };
  if (typeof value === "boolean") return { type: "bool", value };
  if (typeof value === "number") {
    return /[.e]/i.test(source) ? { type: "float", value } : { type: "int", value: source };
  }
  if (Array.isArray(value)) return { type: "array", value: value as TypedValue[] };
  const { double, bytes } = value as Readonly<Record<string, TypedValue | undefined>>;
  if (double?.type === "string") return { type: "float", value: Number(double.value) };
  return bytes?.type === "string" ? bytes : { type: "nil" };
};

function arrayOf(text: string): TypedValue {
  return JSON.parse(text, revive as Parameters<typeof JSON.parse>[1]) as TypedValue;
}
