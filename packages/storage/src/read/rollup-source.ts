// The rollup rows of a time range: whole hours from red_1h, the ragged edges from red_1m. Ranges are
// widened to whole minutes, which is as fine as rollups know.

import type { TimeRange } from "@clew/model";
import type { SqlParameters } from "./sql-parameters.ts";

const SECOND_NANO = 1_000_000_000n;
const MINUTE = 60;
const HOUR = 3600;
/** What the rollups' DateTime64(0) holds and a 32-bit count of minutes reaches, with room to spare. */
const MAX_SECONDS = 9_000_000_000;

/** Half-open, seconds since 1970, whole minutes. */
export interface SecondsRange {
  readonly from: number;
  readonly to: number;
}

/** The smallest range of whole minutes that contains `range`. */
export function wholeMinutes(range: TimeRange): SecondsRange {
  const from = Math.floor(seconds(range.startNano, 0n) / MINUTE) * MINUTE;
  const to = Math.ceil(seconds(range.endNano, SECOND_NANO - 1n) / MINUTE) * MINUTE;
  return { from, to: Math.max(from, to) };
}

/** A subquery of `columns` (which both tables have) whose rows' time lies in the range. */
export function redRows(
  tenant: string,
  range: SecondsRange,
  columns: string,
  condition: string,
  parameters: SqlParameters,
): string {
  const from = Math.ceil(range.from / HOUR) * HOUR;
  const to = Math.floor(range.to / HOUR) * HOUR;
  const select = (table: string, time: string, ranges: readonly SecondsRange[]): string => {
    const times = ranges.map((r) => inRange(time, r, parameters)).join(" OR ");
    return `SELECT ${columns} FROM ${table} WHERE tenant = ${parameters.text(tenant)} AND (${times})${condition}`;
  };
  if (from >= to) return select("red_1m", "minute", [range]);
  const edges = [
    { from: range.from, to: from },
    { from: to, to: range.to },
  ].filter((edge) => edge.to > edge.from);
  const hours = select("red_1h", "hour", [{ from, to }]);
  return edges.length === 0 ? hours : `${hours} UNION ALL ${select("red_1m", "minute", edges)}`;
}

/** `column` (DateTime64(0)) inside a range. */
export function inRange(column: string, range: SecondsRange, parameters: SqlParameters): string {
  const time = (value: number): string =>
    `toDateTime64(${parameters.int64(BigInt(value))}, 0, 'UTC')`;
  return `(${column} >= ${time(range.from)} AND ${column} < ${time(range.to)})`;
}

function seconds(nano: bigint, roundUp: bigint): number {
  const value = Number((nano + roundUp) / SECOND_NANO);
  return Math.min(MAX_SECONDS, Math.max(0, value));
}
