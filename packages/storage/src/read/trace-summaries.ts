// What search shows of each trace, from the trace index; the spans themselves are not touched.

import type { TraceSummary } from "@clew/model";
import type { Engine } from "../engines/engine.ts";
import { type FoundSpan, type FoundTrace, nearDays } from "./found-span.ts";
import type { ReadContext } from "./read-context.ts";
import { SqlParameters } from "./sql-parameters.ts";

/** What the trace index knows of a trace. */
interface IndexRow {
  readonly start: string;
  readonly duration: number;
  readonly rootService: string;
  readonly rootName: string;
  readonly spans: number;
  readonly errors: number;
  readonly services: readonly string[];
  /** Minutes since 1970 in which it has spans. */
  readonly minutes: readonly number[];
}

/** Summaries in the order of `found`. A trace that the index does not have yet shows its matching span alone. */
export async function readSummaries(
  engine: Engine,
  tenant: string,
  found: readonly FoundSpan[],
  context: ReadContext,
): Promise<readonly TraceSummary[]> {
  const index = await readIndexRows(engine, tenant, found, context);
  return found.map((one) => summary(one, index.get(one.traceId)));
}

/** Rows of the trace index by trace id; a trace that was only just inserted may be missing. */
async function readIndexRows(
  engine: Engine,
  tenant: string,
  found: readonly FoundTrace[],
  context: ReadContext,
): Promise<ReadonlyMap<string, IndexRow>> {
  if (found.length === 0) return new Map();
  const parameters = new SqlParameters();
  const rows = await engine.readRows(
    `SELECT lower(hex(trace_id)), toUnixTimestamp64Nano(min(start)),
       toUnixTimestamp64Nano(max(end)) - toUnixTimestamp64Nano(min(start)), max(root_service), max(root_name),
       sum(spans), sum(errors), arraySort(groupUniqArrayArray(services)),
       groupUniqArrayArray(minutes)
     FROM trace_index PREWHERE trace_id IN ${parameters.traceIds(found.map(({ traceId }) => traceId))}
     WHERE tenant = ${parameters.text(tenant)} AND day IN ${parameters.days(nearDays(found))}
     GROUP BY trace_id`,
    { ...context, parameters: parameters.values },
  );
  const index = new Map<string, IndexRow>();
  for (const row of rows) {
    const [id, start, duration, rootService, rootName, spans, errors, services, minutes] = row as [
      string,
      string,
      string,
      string,
      string,
      string,
      string,
      string[],
      number[],
    ];
    index.set(id, {
      start,
      duration: Number(duration),
      rootService,
      rootName,
      spans: Number(spans),
      errors: Number(errors),
      services,
      minutes,
    });
  }
  return index;
}

function summary({ traceId, span: matched }: FoundSpan, row: IndexRow | undefined): TraceSummary {
  if (row === undefined) {
    return {
      traceId,
      startUnixNano: matched.startUnixNano,
      durationNano: matched.durationNano,
      spanCount: 1,
      errorCount: matched.status === "error" ? 1 : 0,
      services: [matched.service],
      matched,
    };
  }
  return {
    traceId,
    startUnixNano: row.start,
    durationNano: row.duration,
    // A service always has a name: none means that no root has come.
    ...(row.rootService === "" ? {} : { rootService: row.rootService, rootName: row.rootName }),
    spanCount: row.spans,
    errorCount: row.errors,
    services: row.services,
    matched,
  };
}
