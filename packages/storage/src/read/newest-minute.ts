// Where the newest spans of a range lie, whatever they are.

import type { TimeRange } from "@clew/model";
import type { Engine } from "../engines/engine.ts";
import type { ReadContext } from "./read-context.ts";
import { minutesCondition, storableRange } from "./span-condition.ts";
import { SqlParameters } from "./sql-parameters.ts";

const HOUR_NANO = 3_600_000_000_000n;
/** How far back is looked first: every part of the table with spans of that time costs a granule. */
const LOOKS = [4n * HOUR_NANO, 48n * HOUR_NANO];

/** The last minute (since 1970) of the range's minutes with spans; undefined when there are none. */
export async function newestMinute(
  engine: Engine,
  tenant: string,
  range: TimeRange,
  context: ReadContext,
): Promise<number | undefined> {
  const { startNano, endNano } = storableRange(range);
  let high = endNano;
  for (const back of [...LOOKS, endNano]) {
    const low = endNano - back > startNano ? endNano - back : startNano;
    const minute = await newestWithin(engine, tenant, { startNano: low, endNano: high }, context);
    if (minute !== undefined || low === startNano) return minute;
    high = low;
  }
  return undefined;
}

async function newestWithin(
  engine: Engine,
  tenant: string,
  range: TimeRange,
  context: ReadContext,
): Promise<number | undefined> {
  const parameters = new SqlParameters();
  // In the order of the primary key, which ends at the first row.
  const rows = await engine.readRows(
    `SELECT minute FROM spans WHERE ${minutesCondition(tenant, range, parameters)}
     ORDER BY tenant DESC, minute DESC LIMIT 1`,
    { ...context, parameters: parameters.values, isLookup: true },
  );
  return rows[0]?.[0] as number | undefined;
}
