// Where a trace lies in table `spans`: the days its rows are kept under and the minutes it has spans in.
// Both are part of the spans' partition and primary key, so a trace of any age is read without a scan.

import { ClewError } from "@clew/base";
import type { Engine } from "../engines/engine.ts";
import type { ReadContext } from "./read-context.ts";
import { SqlParameters } from "./sql-parameters.ts";

export interface TracePlace {
  /** Days since 1970. */
  readonly days: readonly number[];
  /** Minutes since 1970. */
  readonly minutes: readonly number[];
  readonly spans: number;
}

/** `text` in lower case. @throws ClewError `bad_request` unless it is 32 hex digits. */
export function checkedTraceId(text: string): string {
  if (/^[0-9a-f]{32}$/i.test(text)) return text.toLowerCase();
  throw new ClewError("bad_request", "a trace id is 32 hex digits", {
    hint: `got ${JSON.stringify(text.slice(0, 80))}`,
  });
}

/** undefined when nothing of the trace is stored. */
export async function findTrace(
  engine: Engine,
  tenant: string,
  traceId: string,
  context: ReadContext,
): Promise<TracePlace | undefined> {
  const parameters = new SqlParameters();
  // Few rows, added up here: an aggregation costs the engine more to set up than to run. The id alone is
  // looked at first: most parts do not have the trace, and of those nothing else is read.
  const rows = await engine.readRows(
    `SELECT toUInt16(day), minutes, spans FROM trace_index
     PREWHERE trace_id = ${parameters.traceId(traceId)} WHERE tenant = ${parameters.text(tenant)}`,
    { ...context, parameters: parameters.values },
  );
  if (rows.length === 0) return undefined;
  const days = new Set<number>();
  const minutes = new Set<number>();
  let spans = 0;
  for (const [day, some, count] of rows as [number, number[], string][]) {
    days.add(day);
    for (const minute of some) minutes.add(minute);
    spans += Number(count);
  }
  return { days: ascending(days), minutes: ascending(minutes), spans };
}

function ascending(numbers: ReadonlySet<number>): number[] {
  return [...numbers].sort((a, b) => a - b);
}
