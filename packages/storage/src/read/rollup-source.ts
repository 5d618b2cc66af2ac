// The rollup rows of a time range: hourly rows for its whole hours, rows by minute for the rest. Ranges are
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

/** A subquery of `columns` of operations (red_1m and red_1h have them both) whose time lies in the range. */
export function redRows(
  tenant: string,
  range: SecondsRange,
  columns: string,
  condition: string,
  parameters: SqlParameters,
): string {
  const { hours, minutes } = splitHours(range);
  const parts = [
    { table: "red_1h", time: "hour", ranges: hours },
    { table: "red_1m", time: "minute", ranges: minutes },
  ].filter(({ ranges }) => ranges.length > 0);
  return parts
    .map(({ table, time, ranges }) => {
      const times = ranges.map((r) => inRange(time, r, parameters)).join(" OR ");
      return `SELECT ${columns} FROM ${table} WHERE tenant = ${parameters.text(tenant)} AND (${times})${condition}`;
    })
    .join(" UNION ALL ");
}

/** A subquery of `columns` of whole services whose time lies in the range. */
export function serviceRedRows(
  tenant: string,
  range: SecondsRange,
  columns: string,
  parameters: SqlParameters,
): string {
  const { hours, minutes } = splitHours(range);
  const times = [
    ...hours.map((r) => `(step = 'hour' AND ${inRange("time", r, parameters)})`),
    ...minutes.map((r) => `(step = 'minute' AND ${inRange("time", r, parameters)})`),
  ];
  return `SELECT ${columns} FROM service_red WHERE tenant = ${parameters.text(tenant)} AND (${times.join(" OR ")})`;
}

/** The whole hours of a range, and what is left of it. At least one of the two is not empty. */
function splitHours(range: SecondsRange): { hours: SecondsRange[]; minutes: SecondsRange[] } {
  const from = Math.ceil(range.from / HOUR) * HOUR;
  const to = Math.floor(range.to / HOUR) * HOUR;
  if (from >= to) return { hours: [], minutes: [range] };
  const edges = [
    { from: range.from, to: from },
    { from: to, to: range.to },
  ];
  return { hours: [{ from, to }], minutes: edges.filter((edge) => edge.to > edge.from) };
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
