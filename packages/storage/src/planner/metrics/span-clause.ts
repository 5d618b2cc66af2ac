// The condition of a metrics query on table `spans`: tenant and minutes, which reach the primary key, then the
// pipeline's filter, then what of the time range whole minutes leave open.

import type { TimeRange } from "@clew/model";
import type { SqlParameters } from "../../read/sql-parameters.ts";
import type { FieldCompiler } from "../field-sql.ts";
import { filterSql, type SpanFilter } from "./span-filter.ts";

const MINUTE_NANO = 60_000_000_000n;

export interface SpanSource {
  readonly tenant: string;
  readonly filter: SpanFilter;
  readonly fields: FieldCompiler;
}

/**
 * PREWHERE or WHERE with everything that must hold of a span that starts inside the half-open `range`; more
 * conditions can follow after AND. A filter is a PREWHERE, as in read/span-condition.ts.
 */
export function spanClause(
  { tenant, filter, fields }: SpanSource,
  range: TimeRange,
  parameters: SqlParameters,
): string {
  const condition = filterSql(filter, (one) => fields.condition(one, parameters));
  const parts = [
    `tenant = ${parameters.text(tenant)}`,
    `minute >= ${minute(range.startNano, parameters)}`,
    `minute <= ${minute(range.endNano === 0n ? 0n : range.endNano - 1n, parameters)}`,
  ];
  if (typeof condition === "string") parts.push(`(${condition})`);
  if (range.startNano % MINUTE_NANO !== 0n)
    parts.push(`start >= ${parameters.time(range.startNano)}`);
  if (range.endNano % MINUTE_NANO !== 0n) parts.push(`start < ${parameters.time(range.endNano)}`);
  return `${typeof condition === "string" ? "PREWHERE" : "WHERE"} ${parts.join("\n AND ")}`;
}

function minute(nano: bigint, parameters: SqlParameters): string {
  return parameters.uint32(Number(nano / MINUTE_NANO));
}
