// Fields of by() as keys of GROUP BY. Those with a column of their own go as its text, whose type is known:
// grouping by pairs of type and text takes half as long again.

import type { TypedValue } from "@clew/model";
import type { FieldReference } from "@clew/traceql";
import type { RowCursor } from "../../read/row-binary.ts";
import type { SqlParameters } from "../../read/sql-parameters.ts";
import type { FieldCompiler } from "../field-sql.ts";
import { typedValue } from "../field-typed.ts";
import { type RollupColumn, rollupColumn } from "./rollup-condition.ts";

export interface GroupKey {
  readonly sql: string;
  readonly read: (cursor: RowCursor) => TypedValue;
}

export function groupKeys(
  by: readonly FieldReference[],
  fields: FieldCompiler,
  parameters: SqlParameters,
): GroupKey[] {
  return by.map((field) => {
    const column = rollupColumn(field);
    return column === undefined
      ? { sql: fields.typed(field, parameters), read: readTyped }
      : columnKey(column);
  });
}

export function columnKey(column: RollupColumn): GroupKey {
  const type = column === "kind" || column === "status" ? column : "string";
  return { sql: `toString(${column})`, read: (cursor) => ({ type, value: cursor.text() }) };
}

/** A pair that FieldCompiler.typed wrote. */
function readTyped(cursor: RowCursor): TypedValue {
  const type = cursor.text();
  return typedValue(type, cursor.text());
}
