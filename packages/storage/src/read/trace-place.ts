// Where a trace lies in table `spans`: the days its rows are kept under and the minutes it has spans in.
// Both are part of the spans' partition and primary key, so a trace of any age is read without a scan.

import { ClewError } from "@clew/base";
import type { Engine } from "../engines/engine.ts";
import type { ReadContext } from "./read-context.ts";

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
  throw new ClewError("bad_request", "a trace id is 32 hex digits", { hint: `got ${JSON.stringify(text.slice(0, 80))}` });
}

/** SQL for the 16 bytes of the hex parameter `name`; a constant, so it reaches the primary key. */
export function traceIdParameter(name: string): string {
  return `toFixedString(unhex({${name}:String}), 16)`;
}

/** undefined when nothing of the trace is stored. */
export async function findTrace(
  engine: Engine,
  tenant: string,
  traceId: string,
  context: ReadContext,
): Promise<TracePlace | undefined> {
  const rows = await engine.readRows(
    `SELECT arraySort(groupUniqArray(toUInt16(day))), arraySort(groupUniqArrayArray(minutes)), sum(spans)
     FROM trace_index WHERE tenant = {tenant:String} AND trace_id = ${traceIdParameter("trace")}`,
    { ...context, parameters: { tenant, trace: traceId } },
  );
  const [days, minutes, spans] = (rows[0] ?? []) as [number[], number[], string];
  return days === undefined || days.length === 0 ? undefined : { days, minutes, spans: Number(spans) };
}
