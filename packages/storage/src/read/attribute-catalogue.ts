// Attribute keys and common values for autocompletion, by day.

import type { AttributeKey, AttributeScope, AttributeValue, TimeRange } from "@clew/model";
import type { Engine } from "../engines/engine.ts";
import type { AttributeKeysQuery, AttributeValuesQuery } from "../trace-reader.ts";
import type { ReadContext } from "./read-context.ts";
import { SqlParameters } from "./sql-parameters.ts";

const DAY_NANO = 86_400_000_000_000n;
const MAX_DAY = 65535n;

/** Keys that begin with a prefix, the most used first. */
export async function readAttributeKeys(
  engine: Engine,
  query: AttributeKeysQuery,
  context: ReadContext,
): Promise<readonly AttributeKey[]> {
  const parameters = new SqlParameters();
  const rows = await engine.readRows(
    `SELECT scope, key, type, sum(count) AS uses FROM attribute_keys
     WHERE ${catalogueCondition(query, parameters)} AND startsWith(key, ${parameters.text(query.prefix)})
     GROUP BY scope, key, type ORDER BY uses DESC, key, scope, type LIMIT ${limitOf(query.limit)}`,
    { ...context, parameters: parameters.values },
  );
  return rows.map((row) => {
    const [scope, key, type, count] = row as [
      AttributeKey["scope"],
      string,
      AttributeKey["type"],
      string,
    ];
    return { scope, key, type, count: Number(count) };
  });
}

/** Values of one key that begin with a prefix, the most common first. */
export async function readAttributeValues(
  engine: Engine,
  query: AttributeValuesQuery,
  context: ReadContext,
): Promise<readonly AttributeValue[]> {
  const parameters = new SqlParameters();
  const rows = await engine.readRows(
    `SELECT value, type, sum(count) AS uses FROM attribute_values
     WHERE ${catalogueCondition(query, parameters)} AND key = ${parameters.text(query.key)}
       AND startsWith(value, ${parameters.text(query.prefix)})
     GROUP BY value, type ORDER BY uses DESC, value, type LIMIT ${limitOf(query.limit)}`,
    { ...context, parameters: parameters.values },
  );
  return rows.map((row) => {
    const [value, type, count] = row as [string, AttributeValue["type"], string];
    return { value, type, count: Number(count) };
  });
}

function catalogueCondition(
  { tenant, scope, range }: { tenant: string; scope: AttributeScope; range: TimeRange },
  parameters: SqlParameters,
): string {
  const last = range.endNano === 0n ? 0n : range.endNano - 1n;
  const days = `day >= ${parameters.day(dayOf(range.startNano))} AND day <= ${parameters.day(dayOf(last))}`;
  const scopes = scope === "any" ? "" : ` AND scope = ${parameters.text(scope)}`;
  return `tenant = ${parameters.text(tenant)}${scopes} AND ${days}`;
}

function dayOf(nano: bigint): number {
  const day = nano < 0n ? 0n : nano / DAY_NANO;
  return Number(day > MAX_DAY ? MAX_DAY : day);
}

function limitOf(limit: number): number {
  return Math.min(10_000, Math.max(1, Math.trunc(limit) || 1));
}
