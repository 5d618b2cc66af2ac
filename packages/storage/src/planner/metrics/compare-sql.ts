// The scans of compare(): every attribute of every span, as (name, type, value), counted apart for selection
// and baseline. Promoted columns go by their place in a list, maps by their keys; resources and scopes are
// counted by id and looked up afterwards. 410 ms of an hour with 833,000 spans on four cores.

import type { Compare } from "@clew/traceql";
import type { SqlParameters } from "../../read/sql-parameters.ts";
import { promotedAttributes } from "../../schema/promoted.ts";
import { type SpanSource, spanClause } from "./span-clause.ts";
import { type Steps, startsOf } from "./steps.ts";

export interface CompareScan extends SpanSource {
  readonly compare: Compare;
  readonly steps: Steps;
}

/** A subquery of `columns` and `is_selected`, whether a span is of the selection, of the pipeline's spans. */
export function comparedSpans(
  scan: CompareScan,
  columns: string,
  parameters: SqlParameters,
): string {
  const { compare, fields, steps } = scan;
  const condition = fields.condition(compare.selection.condition, parameters);
  const window =
    compare.window === undefined
      ? ""
      : ` AND start >= ${parameters.time(compare.window.start)} AND start < ${parameters.time(compare.window.end)}`;
  return `SELECT toUInt8((${condition})${window}) AS is_selected, ${columns}
    FROM spans ${spanClause(scan, startsOf(steps), parameters)}`;
}

/** An attribute that lies in a column of its own. */
interface ColumnAttribute {
  readonly name: string;
  readonly type: "string" | "int" | "kind" | "status";
  readonly column: string;
  /** The column's text when there is no value. */
  readonly absent: "" | "0" | undefined;
}

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

/** Array of (key UInt8, type String, value String) of a span. */
const COLUMN_TRIPLES = `[${COLUMNS.map(
  ({ column, type }, i) => `(toUInt8(${i}), '${type}', toString(${column}))`,
).join(", ")}]`;

const HAS_VALUE = COLUMNS.flatMap(({ absent }, i) => (absent === undefined ? [] : [{ i, absent }]));
const ABSENT_CONDITION = `NOT ((value = '' AND key IN (${placesOf("")})) OR (value = '0' AND key IN (${placesOf("0")})))`;

function placesOf(text: string): string {
  return HAS_VALUE.filter(({ absent }) => absent === text)
    .map(({ i }) => i)
    .join(", ");
}

const MAP_TRIPLES = `arrayConcat(
  arrayMap((k, v) -> (CAST(k, 'String'), 'string', v), mapKeys(str), mapValues(str)),
  arrayMap((k, v) -> (CAST(k, 'String'), 'int', toString(v)), mapKeys(int), mapValues(int)),
  arrayMap((k, v) -> (CAST(k, 'String'), 'float', toString(v)), mapKeys(dbl), mapValues(dbl)),
  arrayMap((k, v) -> (CAST(k, 'String'), 'bool', if(v, 'true', 'false')), mapKeys(bool), mapValues(bool)))`;

/** Some of a span's attributes as triples, and how their keys become references. */
export interface Part {
  readonly triples: string;
  readonly where: string;
  readonly nameOf: (key: string) => string;
}

export const COLUMN_PART: Part = {
  triples: COLUMN_TRIPLES,
  where: `WHERE ${ABSENT_CONDITION}`,
  nameOf: (key) => COLUMNS[Number(key)]?.name ?? key,
};
export const MAP_PART: Part = {
  triples: MAP_TRIPLES,
  where: "",
  nameOf: (key) => `span.${key}`,
};
