// Where traces lie in table `spans`: the days their rows are kept under and the minutes they have spans in.
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

/** The place of all these traces together; undefined when nothing of them is stored. */
export async function placeOfTraces(
  engine: Engine,
  tenant: string,
  traceIds: readonly string[],
  context: ReadContext,
): Promise<TracePlace | undefined> {
  const parameters = new SqlParameters();
  // Few rows, added up here: an aggregation costs the engine more to set up than to run. The ids alone are
  // looked at first: most parts do not have the traces, and of those nothing else is read.
  const rows = await engine.readRows(
    `SELECT toUInt16(day), minutes, spans FROM trace_index
     PREWHERE ${isOneOf(traceIds, parameters)} WHERE tenant = ${parameters.text(tenant)}`,
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

/** `trace_id` is one of these. */
export function isOneOf(traceIds: readonly string[], parameters: SqlParameters): string {
  const [only = ""] = traceIds;
  return traceIds.length === 1
    ? `trace_id = ${parameters.traceId(only)}`
    : `trace_id IN ${parameters.traceIds(traceIds)}`;
}

function ascending(numbers: ReadonlySet<number>): number[] {
  return [...numbers].sort((a, b) => a - b);
}
