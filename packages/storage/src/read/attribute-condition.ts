// One attribute condition as SQL over the columns that hold attributes. The value is always text; it meets
// each stored type on that type's terms: strings as text, int and double as numbers, bool as true/false.
// Every key and value is a bound parameter; column names come from the closed list of promoted attributes.

import { ClewError } from "@clew/base";
import type { AttributeFilter } from "@clew/model";
import { type PromotedAttribute, promotedByKey } from "../schema/promoted.ts";
import type { SqlParameters } from "./sql-parameters.ts";

const MAPS = ["str", "int", "dbl", "bool", "other"] as const;
type MapName = (typeof MAPS)[number];

/** Where an attribute's values may lie; used to leave out columns that cannot hold any. */
export interface ValuePlaces {
  /** Column of its own; only table `spans` has these. */
  readonly promoted: PromotedAttribute | undefined;
  readonly maps: ReadonlySet<MapName>;
}

const EVERY_MAP: ReadonlySet<MapName> = new Set(MAPS);
const MAP_OF_TYPE: Readonly<Record<string, MapName>> = {
  string: "str",
  int: "int",
  double: "dbl",
  bool: "bool",
  other: "other",
};

/** Places of span attribute `key`, given the types the catalogue knows of it (none = nothing known). */
export function spanPlaces(key: string, types: readonly string[]): ValuePlaces {
  const known = types.flatMap((type) => MAP_OF_TYPE[type] ?? []);
  return {
    promoted: promotedByKey.get(key),
    maps: known.length === 0 ? EVERY_MAP : new Set(known),
  };
}

/** Resources and scopes keep all their attributes in maps. */
export const resourcePlaces: ValuePlaces = { promoted: undefined, maps: EVERY_MAP };

/** SQL that is true for rows where the condition holds. @throws ClewError `bad_request` for a value that fits no type. */
export function attributeCondition(
  filter: AttributeFilter,
  places: ValuePlaces,
  parameters: SqlParameters,
): string {
  const value = filter.value ?? "";
  switch (filter.operator) {
    case "exists":
      return existsCondition(filter.key, places, parameters);
    case "=":
      return equalsCondition(filter.key, value, places, parameters);
    case "!=": {
      const equal = equalsCondition(filter.key, value, places, parameters);
      return `(${existsCondition(filter.key, places, parameters)} AND NOT ${equal})`;
    }
    case "regex":
      return regexCondition(filter.key, value, places, parameters);
    case ">":
    case "<":
    case ">=":
    case "<=":
      return orderCondition(filter, value, places, parameters);
  }
}

/** SQL that is true for rows that have the attribute at all. */
export function existsCondition(
  key: string,
  places: ValuePlaces,
  parameters: SqlParameters,
): string {
  const k = parameters.text(key);
  const parts = [...places.maps].map((map) => `mapContains(${map}, ${k})`);
  if (places.promoted !== undefined) parts.unshift(hasPromoted(places.promoted));
  return anyOf(parts);
}

function equalsCondition(
  key: string,
  value: string,
  places: ValuePlaces,
  parameters: SqlParameters,
): string {
  const k = parameters.text(key);
  const parts: string[] = [];
  const { promoted, maps } = places;
  const number = asNumber(value);
  const integer = asInt64(value);
  if (promoted?.type === "string" && value !== "")
    parts.push(`${promoted.column} = ${parameters.text(value)}`);
  const small = integer !== undefined && integer > 0n && integer < 65536n;
  if (promoted?.type === "uint16" && small)
    parts.push(`${promoted.column} = ${parameters.uint16(Number(integer))}`);
  if (maps.has("str") && !(promoted?.type === "string" && value !== ""))
    parts.push(textEquals(k, value, parameters));
  if (maps.has("int") && integer !== undefined && !(promoted?.type === "uint16" && small)) {
    const equal = `int[${k}] = ${parameters.int64(integer)}`;
    parts.push(present("int", k, equal, integer === 0n));
  }
  if (maps.has("dbl") && number !== undefined) {
    const equal = `dbl[${k}] = ${parameters.float64(number)}`;
    parts.push(present("dbl", k, equal, number === 0));
  }
  if (maps.has("bool") && (value === "true" || value === "false")) {
    parts.push(`(mapContains(bool, ${k}) AND bool[${k}] = ${parameters.bool(value === "true")})`);
  }
  // A value that fits no type seen so far may be of a type too new for the catalogue.
  if (parts.length === 0 && maps !== EVERY_MAP)
    return equalsCondition(key, value, { promoted, maps: EVERY_MAP }, parameters);
  return anyOf(parts);
}

/** A missing key reads as '', so only that value needs the key's presence. The bloom filter on values serves `=`. */
function textEquals(k: string, value: string, parameters: SqlParameters): string {
  const v = parameters.text(value);
  if (value === "") return `(mapContains(str, ${k}) AND str[${k}] = ${v})`;
  return `(has(mapValues(str), ${v}) AND str[${k}] = ${v})`;
}

function regexCondition(
  key: string,
  pattern: string,
  places: ValuePlaces,
  parameters: SqlParameters,
): string {
  const k = parameters.text(key);
  const p = parameters.text(pattern);
  const parts: string[] = [];
  const { promoted, maps } = places;
  if (promoted?.type === "string")
    parts.push(`(${hasPromoted(promoted)} AND match(${promoted.column}, ${p}))`);
  if (maps.has("str")) parts.push(`(mapContains(str, ${k}) AND match(str[${k}], ${p}))`);
  return anyOf(parts);
}

function orderCondition(
  filter: AttributeFilter,
  value: string,
  places: ValuePlaces,
  parameters: SqlParameters,
): string {
  const number = asNumber(value);
  if (number === undefined) {
    throw new ClewError(
      "bad_request",
      `${JSON.stringify(filter.key)} ${filter.operator} needs a number`,
      {
        hint: `got ${JSON.stringify(value.slice(0, 80))}; use = or a regular expression for text`,
      },
    );
  }
  const k = parameters.text(filter.key);
  const integer = asInt64(value);
  const n = integer === undefined ? parameters.float64(number) : parameters.int64(integer);
  const parts: string[] = [];
  const { promoted, maps } = places;
  if (promoted?.type === "uint16") {
    parts.push(`(${promoted.column} != 0 AND ${promoted.column} ${filter.operator} ${n})`);
  }
  const zeroMeets = zeroMeetsOrder(filter.operator, number);
  for (const map of ["int", "dbl"] as const) {
    if (maps.has(map))
      parts.push(present(map, k, `${map}[${k}] ${filter.operator} ${n}`, zeroMeets));
  }
  return anyOf(parts);
}

/** A missing key reads as 0, so the key's presence, which costs a third more, is asked for only where 0 would do. */
function present(map: "int" | "dbl", k: string, condition: string, zeroMeets: boolean): string {
  return zeroMeets ? `(mapContains(${map}, ${k}) AND ${condition})` : condition;
}

function zeroMeetsOrder(operator: AttributeFilter["operator"], number: number): boolean {
  if (operator === ">") return number < 0;
  if (operator === ">=") return number <= 0;
  return operator === "<" ? number > 0 : number >= 0;
}

function hasPromoted(promoted: PromotedAttribute): string {
  return `${promoted.column} != ${promoted.type === "string" ? "''" : "0"}`;
}

function anyOf(parts: readonly string[]): string {
  if (parts.length === 0) return "(0 = 1)";
  return parts.length === 1 ? (parts[0] as string) : `(${parts.join(" OR ")})`;
}

function asNumber(text: string): number | undefined {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}

function asInt64(text: string): bigint | undefined {
  if (!/^[+-]?\d{1,19}$/.test(text)) return undefined;
  const value = BigInt(text.replace("+", ""));
  return BigInt.asIntN(64, value) === value ? value : undefined;
}
