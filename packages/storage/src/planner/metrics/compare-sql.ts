// The scans of compare(): every attribute of every span as (key, type, value), counted apart for selection and
// baseline. Promoted columns go by their place in a list, maps by their keys; resources and scopes are counted
// by id and looked up afterwards.

import type { Compare, FieldExpression } from "@clew/traceql";
import type { SqlParameters } from "../../read/sql-parameters.ts";
import { promotedAttributes } from "../../schema/promoted.ts";
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

/** One span among those that were chosen before. */
export interface ChosenSpan {
  /** Lower-case hex. */
  readonly traceId: string;
  readonly spanId: string;
  readonly startNano: bigint;
  readonly isSelected: boolean;
}

/** Spans by their names, a few thousand; the names are one text. */
export function listedSpans(tenant: string, chosen: readonly ChosenSpan[]): ComparedSpans {
  const minutes = [...new Set(chosen.map(({ startNano }) => Number(startNano / MINUTE_NANO)))];
  const selected = chosen.filter(({ isSelected }) => isSelected);
  const texts = { all: chosen.map(hexOf).join(""), selected: selected.map(hexOf).join("") };
  const key = "(trace_id, span_id, toUnixTimestamp64Nano(start))";
  return (columns, parameters) => {
    const [all, some] = [parameters.text(texts.all), parameters.text(texts.selected)];
    const rows = (text: string): string =>
      `FROM (SELECT substring(${text}, number * ${HEX_LENGTH} + 1, ${HEX_LENGTH}) AS h
             FROM numbers(intDiv(length(${text}), ${HEX_LENGTH})))`;
    const traceId = "toFixedString(unhex(substring(h, 1, 32)), 16)";
    const keys = `${traceId}, toFixedString(unhex(substring(h, 33, 16)), 8),
      reinterpretAsInt64(reverse(unhex(substring(h, 49))))`;
    return `SELECT toUInt8(${key} IN (SELECT ${keys} ${rows(some)})) AS is_selected, ${columns}
      FROM spans WHERE tenant = ${parameters.text(tenant)}
        AND minute IN (${minutes.map((minute) => parameters.uint32(minute)).join(", ")})
        AND trace_id IN (SELECT ${traceId} ${rows(all)})
        AND ${key} IN (SELECT ${keys} ${rows(all)})`;
  };
}

/**
 * For queries on listed spans: sets that serve the primary key, or stand in PREWHERE, are made on the thread
 * that asks.
 */
export const LISTED_SETTINGS = {
  use_index_for_in_with_subqueries: 0,
  optimize_move_to_prewhere: 0,
} as const;

/** Of trace id, span id and start. */
const HEX_LENGTH = 64;

function hexOf({ traceId, spanId, startNano }: ChosenSpan): string {
  return `${traceId}${spanId}${startNano.toString(16).padStart(16, "0")}`;
}

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
  ["str", "string", "value"],
  ["int", "int", "toString(value)"],
  ["dbl", "float", "toString(value)"],
  ["bool", "bool", "if(value, 'true', 'false')"],
] as const;

const MAP_PART: Part = {
  counted: (scan, parameters, by) =>
    MAPS.map(([map, type, text]) => {
      const extra = by === undefined ? "" : `${by.name}, `;
      const own = by === undefined ? "" : `${by.sql} AS ${by.name}, `;
      return `SELECT ${extra}toString(key) AS key, '${type}' AS type, ${text} AS value, s, b
        FROM (
          SELECT ${extra}key, value, ${SUMS} FROM (${scan.spans(own + map, parameters)})
          ARRAY JOIN mapKeys(${map}) AS key, mapValues(${map}) AS value GROUP BY ${extra}key, value)`;
    }).join(" UNION ALL "),
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
