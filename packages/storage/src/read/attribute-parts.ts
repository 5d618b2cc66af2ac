// Where values of one attribute lie, type by type, and how a value meets a literal there: the one place
// that knows it, for the conditions of the plain search and for TraceQL. Every key and literal is a bound
// parameter; column names come from the closed list of promoted attributes.

import type { Place } from "../schema/column-types.ts";
import { type PromotedAttribute, promotedByKey } from "../schema/promoted.ts";
import type { SqlParameters } from "./sql-parameters.ts";

export const MAPS = ["str", "int", "dbl", "bool", "other"] as const;
export type MapName = (typeof MAPS)[number];

/** Where an attribute's values may lie; used to leave out columns that cannot hold any. */
export interface ValuePlaces {
  /** Column of its own; only table `spans` has these. */
  readonly promoted: PromotedAttribute | undefined;
  readonly maps: ReadonlySet<MapName>;
}

const EVERY_MAP: ReadonlySet<MapName> = new Set(MAPS);

/** Places of span attribute `key`, given where the store has seen it; everywhere when that is not known. */
export function spanPlaces(key: string, known: ReadonlySet<Place> | undefined): ValuePlaces {
  const maps = known === undefined ? EVERY_MAP : new Set(MAPS.filter((map) => known.has(map)));
  return { promoted: promotedByKey.get(key), maps };
}

/** Resources and scopes keep all their attributes in maps. */
export const mapPlaces: ValuePlaces = { promoted: undefined, maps: EVERY_MAP };

/** `json`: the typed JSON of arrays, bytes and key-value lists. */
export type PartType =
  | "string"
  | "int"
  | "float"
  | "duration"
  | "bool"
  | "status"
  | "kind"
  | "json";

/** One place where a value of one type may lie. */
export interface Part {
  readonly type: PartType;
  /** SQL of the value, never NULL; anything where there is none. */
  readonly value: string;
  /** SQL of type UInt8: whether there is a value; `1` when there always is. */
  readonly present: string;
  /** SQL of type UInt8: whether the attribute is there, be it without a value; `present` unless given. */
  readonly stored?: string;
  /** No value reads as '', 0 or false: a literal that those do not meet spares the look at `present`. */
  readonly blank?: boolean;
  /** A map behind a promoted column holds only what does not fit that column. */
  readonly rest?: PromotedAttribute["type"];
  /** SQL that is true wherever the value equals a text, and cheaper or served by an index. */
  readonly probe?: (value: string, parameters: SqlParameters) => string;
  /** The bytes of an id whose hex digits `value` is. */
  readonly id?: { readonly column: string; readonly bytes: 8 | 16 };
}

export type Literal =
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "int"; readonly value: bigint }
  | { readonly type: "float"; readonly value: number }
  | { readonly type: "bool"; readonly value: boolean };

/** `=~` and `!~` take the pattern as it is: RE2, unanchored. */
export type LiteralOperator = "=" | "!=" | "<" | "<=" | ">" | ">=" | "=~" | "!~";

/** The parts of attribute `k` (a placeholder) in the attribute columns of a table. */
export function attributeParts({ promoted, maps }: ValuePlaces, k: string): readonly Part[] {
  const parts: Part[] = [];
  if (promoted !== undefined) {
    const { column, type } = promoted;
    const present = `${column} != ${type === "string" ? "''" : "0"}`;
    const held = type === "string" ? "string" : "int";
    parts.push({ type: held, value: column, present, blank: true });
  }
  for (const map of MAPS) if (maps.has(map)) parts.push(mapPart(map, k, promoted));
  return parts;
}

const TYPE_OF_MAP = {
  str: "string",
  int: "int",
  dbl: "float",
  bool: "bool",
  other: "json",
} as const;

function mapPart(map: MapName, k: string, promoted: PromotedAttribute | undefined): Part {
  const value = `${map}[${k}]`;
  const type = TYPE_OF_MAP[map];
  // An empty value, JSON `null`, is no value.
  const stored = `mapContains(${map}, ${k})`;
  if (type === "json") return { type, value, present: `${value} NOT IN ('', 'null')`, stored };
  const rest = map === "str" ? "string" : "uint16";
  return {
    type,
    value,
    present: stored,
    blank: true,
    ...(promoted?.type === rest && type !== "float" && type !== "bool" ? { rest } : {}),
    // The bloom filter on values serves it.
    ...(map === "str" ? { probe: hasValue } : {}),
  };
}

function hasValue(value: string, parameters: SqlParameters): string {
  return `has(mapValues(str), ${parameters.text(value)})`;
}

/** SQL that is true where the part has a value that stands in this relation to the literal. */
export function comparePart(
  part: Part,
  operator: LiteralOperator,
  literal: Literal,
  parameters: SqlParameters,
): string {
  if (part.id !== undefined && literal.type === "string" && isEquality(operator))
    return compareId(part, operator, literal.value, part.id, parameters);
  if (operator === "=" && part.rest !== undefined && fitsColumn(part.rest, literal)) return "0";
  const right = literalSql(literal, parameters);
  const met = relation(part.value, operator, right);
  const isBlankMet =
    operator === "=~" || operator === "!~" || meets(blankOf(literal), operator, literal);
  const conditions: string[] = [];
  if (part.present !== "1" && (part.blank !== true || isBlankMet)) conditions.push(part.present);
  else if (operator === "=" && literal.type === "string" && part.probe !== undefined)
    conditions.push(part.probe(literal.value, parameters));
  return conditions.length === 0 ? met : `(${[...conditions, met].join(" AND ")})`;
}

/** SQL of `left operator right`; both are SQL of comparable types. */
export function relation(left: string, operator: LiteralOperator, right: string): string {
  if (operator === "=~") return `match(${left}, ${right})`;
  if (operator === "!~") return `NOT match(${left}, ${right})`;
  return `${left} ${operator} ${right}`;
}

/** SQL that is true where the part is one of several texts. */
export function partIsIn(part: Part, values: readonly string[], parameters: SqlParameters): string {
  if (values.length === 1 || part.id !== undefined || values.includes("")) {
    const each = values.map((value) =>
      comparePart(part, "=", { type: "string", value }, parameters),
    );
    return `(${each.join(" OR ")})`;
  }
  if (part.rest !== undefined) return "0";
  const isIn = `${part.value} IN ${parameters.texts(values)}`;
  if (part.blank !== true && part.present !== "1") return `(${part.present} AND ${isIn})`;
  if (part.probe === undefined) return isIn;
  const probes = values.map((value) => part.probe?.(value, parameters));
  return `((${probes.join(" OR ")}) AND ${isIn})`;
}

function isEquality(operator: LiteralOperator): operator is "=" | "!=" {
  return operator === "=" || operator === "!=";
}

/** Ids are equal whatever the case and the leading zeros of the literal. */
function compareId(
  { present }: Part,
  operator: "=" | "!=",
  text: string,
  { column, bytes }: { readonly column: string; readonly bytes: 8 | 16 },
  parameters: SqlParameters,
): string {
  const digits = text.toLowerCase().replace(/^0+(?=.)/, "");
  if (!/^[0-9a-f]+$/.test(digits) || digits.length > bytes * 2)
    return operator === "=" ? "0" : present;
  const id = `toFixedString(unhex(${parameters.text(digits.padStart(bytes * 2, "0"))}), ${bytes})`;
  const met = `${column} ${operator} ${id}`;
  return present === "1" ? met : `(${present} AND ${met})`;
}

function fitsColumn(type: PromotedAttribute["type"], literal: Literal): boolean {
  if (type === "string") return literal.type === "string" && literal.value !== "";
  if (literal.type === "int") return literal.value > 0n && literal.value < 65536n;
  return literal.type === "float" && literal.value > 0 && literal.value < 65536;
}

function literalSql(literal: Literal, parameters: SqlParameters): string {
  switch (literal.type) {
    case "string":
      return parameters.text(literal.value);
    case "int":
      return parameters.int64(literal.value);
    case "float":
      return parameters.float64(literal.value);
    case "bool":
      return parameters.bool(literal.value);
  }
}

function blankOf({ type }: Literal): string | number | boolean {
  return type === "string" ? "" : type === "bool" ? false : 0;
}

function meets(
  value: string | number | boolean,
  operator: LiteralOperator,
  { value: other }: Literal,
): boolean {
  switch (operator) {
    case "=":
      // oxlint-disable-next-line eqeqeq -- 0 and 0n are the same number here
      return value == other;
    case "!=":
      // oxlint-disable-next-line eqeqeq -- as above
      return value != other;
    case "<":
      return value < other;
    case "<=":
      return value <= other;
    case ">":
      return value > other;
    case ">=":
      return value >= other;
    default:
      return true;
  }
}
