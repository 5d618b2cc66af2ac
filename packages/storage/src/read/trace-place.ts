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
  const rows = await engine.readRows(
    `SELECT arraySort(groupUniqArray(toUInt16(day))), arraySort(groupUniqArrayArray(minutes)), sum(spans)
     FROM trace_index PREWHERE tenant = ${parameters.text(tenant)} AND trace_id = ${parameters.traceId(traceId)}`,
    { ...context, parameters: parameters.values },
  );
  const [days, minutes, spans] = (rows[0] ?? []) as [number[], number[], string];
  return days === undefined || days.length === 0
    ? undefined
    : { days, minutes, spans: Number(spans) };
}
