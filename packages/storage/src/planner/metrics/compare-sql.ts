// The scans of compare(): every attribute of every span as (key, type, value), counted apart for selection and
// baseline. Promoted columns go by their place in a list, maps by their keys; resources and scopes are counted
// by id and looked up afterwards.

import type { Compare, FieldExpression } from "@clew/traceql";
import type { SqlParameters } from "../../read/sql-parameters.ts";
import { promotedAttributes } from "../../schema/promoted.ts";
import { SPAN_KEY } from "../traces/trace-columns.ts";
import { type SpanSource, spanClause } from "./span-clause.ts";
import { type Steps, startsOf } from "./steps.ts";

/** The spans that are compared: a subquery of `columns` and `is_selected`, whether a span is of the selection. */
export type ComparedSpans = (columns: string, parameters: SqlParameters) => string;

export interface CompareScan {
  readonly tenant: string;
  readonly spans: ComparedSpans;
  readonly top: number;
  readonly steps: Steps;
}

/** Spans that single-span filters choose. `selection`: what holds for those of the selection. */
export function filteredSpans(
  source: SpanSource,
  steps: Steps,
  selection: FieldExpression,
  window: Compare["window"],
): ComparedSpans {
  return (columns, parameters) => {
    const condition = source.fields.condition(selection, parameters);
    const inWindow =
      window === undefined
        ? ""
        : ` AND start >= ${parameters.time(window.start)} AND start < ${parameters.time(window.end)}`;
    return `SELECT toUInt8((${condition})${inWindow}) AS is_selected, ${columns}
      FROM spans ${spanClause(source, startsOf(steps), parameters)}`;
  };
}

/** Spans that were found before, by their keys. */
export interface ListedSpans {
  /** Minutes since 1970 that they start in. */
  readonly minutes: readonly number[];
  /** Keys of those of the selection, and of the others. */
  readonly selected: BigUint64Array;
  readonly others: BigUint64Array;
}

/** One span among those that were chosen before. */
export interface ChosenSpan {
  /** See `SPAN_KEY`. */
  readonly key: bigint;
  /** Lower-case hex. */
  readonly traceId: string;
  readonly spanId: string;
  readonly startNano: bigint;
  readonly isSelected: boolean;
}

export function chosenSpans(chosen: readonly ChosenSpan[]): ListedSpans {
  const keysOf = (side: boolean): BigUint64Array =>
    BigUint64Array.from(
      chosen.filter(({ isSelected }) => isSelected === side).map((one) => one.key),
    );
  return {
    minutes: [...new Set(chosen.map(({ startNano }) => Number(startNano / MINUTE_NANO)))],
    selected: keysOf(true),
    others: keysOf(false),
  };
}

export function listedSpans(
  tenant: string,
  { minutes, selected, others }: ListedSpans,
): ComparedSpans {
  return (columns, parameters) => `SELECT is_selected, ${columns} FROM spans
    PREWHERE minute IN ${parameters.uint32s(minutes)}
      AND ((${SPAN_KEY} IN ${parameters.uint64Set(selected)} AS is_selected)
        OR ${SPAN_KEY} IN ${parameters.uint64Set(others)})
    WHERE tenant = ${parameters.text(tenant)}`;
}

/** For queries on listed spans: minutes prune, and sets for the primary key are made on the thread that asks. */
export const LISTED_SETTINGS = { use_index_for_in_with_subqueries: 0 } as const;

/** An attribute that lies in a column of its own. */
interface ColumnAttribute {
  readonly name: string;
  readonly type: "string" | "int" | "kind" | "status";
  readonly column: string;
  /** The column's text when there is no value. */
  readonly absent: "" | "0" | undefined;
}

const MINUTE_NANO = 60_000_000_000n;

const COLUMNS: readonly ColumnAttribute[] = [
  { name: "name", type: "string", column: "name", absent: undefined },
  { name: "kind", type: "kind", column: "kind", absent: undefined },
  { name: "status", type: "status", column: "status", absent: undefined },
  { name: "statusMessage", type: "string", column: "status_message", absent: "" },
  ...promotedAttributes.map(({ key, column, type }): ColumnAttribute => {
    return type === "string"
      ? { name: `span.${key}`, type, column, absent: "" }
      : { name: `span.${key}`, type: "int", column, absent: "0" };
  }),
];

const COLUMN_NAMES = COLUMNS.map(({ column }) => column);
const ALL_BITS = 2 ** COLUMNS.length - 1;

/** Which column a row of GROUPING SETS is about, from 0: grouping() clears its bit, the first is the highest. */
const PLACE = `toUInt8(${COLUMNS.length - 1} - log2(bitXor(grouping(${COLUMN_NAMES.join(", ")}), ${ALL_BITS})))`;
const TYPES = COLUMNS.map(({ type }) => `'${type}'`).join(", ");
const TEXTS = COLUMN_NAMES.map((column) => `toString(${column})`).join(", ");
const ABSENT = COLUMNS.map(({ absent }) => `'${absent ?? ""}'`).join(", ");
const IS_OPTIONAL = COLUMNS.map(({ absent }) => (absent === undefined ? 0 : 1)).join(", ");

const SUMS = "toFloat64(countIf(is_selected)) AS s, toFloat64(countIf(NOT is_selected)) AS b";

/** Some of a span's attributes, counted by value. */
export interface Part {
  /** A subquery of (`by`) key String, type String, value String, s and b Float64; rows may repeat. */
  readonly counted: (scan: CompareScan, parameters: SqlParameters, by?: GroupedBy) => string;
  /** The reference that a key stands for. */
  readonly nameOf: (key: string) => string;
}

/** One more key of GROUP BY: its name and SQL over `spans`. */
export interface GroupedBy {
  readonly name: string;
  readonly sql: string;
}

/** Promoted columns in one pass by GROUPING SETS: half the time of unfolding them into rows. */
const COLUMN_PART: Part = {
  counted: (scan, parameters, by) => {
    const extra = by === undefined ? "" : `${by.name}, `;
    const own = by === undefined ? "" : `${by.sql} AS ${by.name}, `;
    const sets = COLUMN_NAMES.map((column) => `(${extra}${column})`).join(", ");
    return `SELECT ${extra}toString(place) AS key, [${TYPES}][place + 1] AS type, [${TEXTS}][place + 1] AS value, s, b
      FROM (
        SELECT ${extra}${PLACE} AS place, ${COLUMN_NAMES.join(", ")}, ${SUMS}
        FROM (${scan.spans(own + COLUMN_NAMES.join(", "), parameters)})
        GROUP BY GROUPING SETS (${sets}))
      WHERE [${IS_OPTIONAL}][place + 1] = 0 OR value != [${ABSENT}][place + 1]`;
  },
  nameOf: (key) => COLUMNS[Number(key)]?.name ?? key,
};

const MAPS = [
  ["str", "string", "v"],
  ["int", "int", "toString(v)"],
  ["dbl", "float", "toString(v)"],
  ["bool", "bool", "if(v, 'true', 'false')"],
] as const;
const MAP_NAMES = MAPS.map(([map]) => map).join(", ");
const MAP_KEYS = MAPS.map(([map]) => `mapKeys(${map})`).join(", ");
const MAP_TYPES = MAPS.map(([map, type]) => `arrayResize(['${type}'], length(${map}), '${type}')`);
const MAP_VALUES = MAPS.map(([map, , text]) =>
  map === "str" ? "mapValues(str)" : `arrayMap(v -> ${text}, mapValues(${map}))`,
).join(", ");

const MAP_PART: Part = {
  counted: (scan, parameters, by) => {
    const extra = by === undefined ? "" : `${by.name}, `;
    const own = by === undefined ? "" : `${by.sql} AS ${by.name}, `;
    return `SELECT ${extra}key, type, value, s, b FROM (SELECT ${extra}toString(k) AS key, t AS type, value, ${SUMS}
      FROM (${scan.spans(own + MAP_NAMES, parameters)})
      ARRAY JOIN arrayConcat(${MAP_KEYS}) AS k, arrayConcat(${MAP_TYPES.join(", ")}) AS t, arrayConcat(${MAP_VALUES}) AS value
      GROUP BY ${extra}k, t, value)`;
  },
  nameOf: (key) => `span.${key}`,
};

export const PARTS: readonly Part[] = [COLUMN_PART, MAP_PART];

/** Array of (key, type, value) of a resource or scope. */
export const CONTENT_TRIPLES = `arrayConcat(
  arrayMap((k, v) -> (CAST(k, 'String'), 'string', v), mapKeys(str), mapValues(str)),
  arrayMap((k, v) -> (CAST(k, 'String'), 'int', toString(v)), mapKeys(int), mapValues(int)),
  arrayMap((k, v) -> (CAST(k, 'String'), 'float', toString(v)), mapKeys(dbl), mapValues(dbl)),
  arrayMap((k, v) -> (CAST(k, 'String'), 'bool', if(v, 'true', 'false')), mapKeys(bool), mapValues(bool)))`;

/** The same, with the columns of a scope that have a name in the language. */
export const SCOPE_TRIPLES: string = `arrayConcat(${CONTENT_TRIPLES}, arrayFilter(t -> t.3 != '',
  [('instrumentation:name', 'column', CAST(name, 'String')),
   ('instrumentation:version', 'column', CAST(version, 'String'))]))`;
