// What a TraceQL answer says of each trace beside its spansets: extent, root, spans and errors by service. From
// the spans themselves, which the trace index leads to.

import type { ResultTrace } from "@clew/model";
import type { Engine } from "../engines/engine.ts";
import type { ReadContext } from "../read/read-context.ts";
import { SqlParameters } from "../read/sql-parameters.ts";

const MAX_DAY = 65_535;

/** A trace, and a minute and a day (since 1970) that it has spans in. */
export interface KnownTrace {
  readonly traceId: string;
  readonly minute: number;
  readonly day: number;
}

/** Where the rows of some traces lie, as a condition of a query on table `spans`. */
export interface SpanRows {
  /** SQL that follows `FROM spans`; more conditions can follow after AND. */
  clause(parameters: SqlParameters): string;
  /** Spans, as far as the trace index knows. */
  readonly spans: number;
}

export type TraceOverview = Omit<ResultTrace, "spansets">;

/** A trace, and how many of its spans meet the condition that was asked for. */
export interface CountedOverview {
  readonly overview: TraceOverview;
  readonly matched: number;
}

/** Asks the trace index where all rows of the traces lie. */
export async function findSpanRows(
  engine: Engine,
  tenant: string,
  traces: readonly KnownTrace[],
  context: ReadContext,
): Promise<SpanRows> {
  const ids = traces.map(({ traceId }) => traceId);
  const known = traces.map(({ day }) => day);
  const parameters = new SqlParameters();
  const rows = await engine.readRows(
    `SELECT groupUniqArrayArray(minutes), sum(spans), toUInt16(min(day)), toUInt16(max(day))
     FROM trace_index PREWHERE trace_id IN ${parameters.traceIds(ids)}
     WHERE tenant = ${parameters.text(tenant)}
       AND day >= ${parameters.day(Math.max(0, Math.min(...known) - 1))}
       AND day <= ${parameters.day(Math.min(MAX_DAY, Math.max(...known) + 1))}`,
    { ...context, parameters: parameters.values, isLookup: true },
  );
  const [indexed, spans, from, to] = rows[0] as [number[], string, number, number];
  // The spans of an insert are there a moment before its rows of the index.
  const minutes = [...new Set([...indexed, ...traces.map(({ minute }) => minute)])];
  const days = indexed.length === 0 ? known : [...known, from, to];
  return {
    spans: Number(spans),
    clause: (into) => `PREWHERE trace_id IN ${into.traceIds(ids)}
      WHERE tenant = ${into.text(tenant)} AND day >= ${into.day(Math.min(...days))}
        AND day <= ${into.day(Math.max(...days))} AND minute IN ${into.uint32s(minutes)}`,
  };
}

type ServiceRow = [
  id: string,
  service: string,
  spans: string,
  errors: string,
  start: string,
  end: string,
  matched: string,
  roots: string,
  root: [start: string, spanId: string, name: string],
];

/** By trace id. `condition` is SQL on a span. */
export async function readOverviews(
  engine: Engine,
  rows: SpanRows,
  context: ReadContext,
  condition: (parameters: SqlParameters) => string = () => "0",
): Promise<ReadonlyMap<string, CountedOverview>> {
  const parameters = new SqlParameters();
  const start = "toUnixTimestamp64Nano(start)";
  const answer = await engine.readRows(
    `SELECT lower(hex(trace_id)), service, count(), countIf(status = 'error'), min(${start}),
       max(greatest(${start}, ${start} + duration)), countIf(${condition(parameters)}), countIf(is_root),
       minIf((${start}, hex(span_id), toString(name)), parent_span_id = toFixedString('', 8) AS is_root)
     FROM spans ${rows.clause(parameters)} GROUP BY trace_id, service ORDER BY trace_id, service`,
    { ...context, parameters: parameters.values },
  );
  const traces = new Map<string, ServiceRow[]>();
  for (const row of answer as ServiceRow[]) {
    const others = traces.get(row[0]);
    if (others === undefined) traces.set(row[0], [row]);
    else others.push(row);
  }
  return new Map([...traces].map(([id, services]) => [id, counted(id, services)]));
}

function counted(traceId: string, rows: readonly ServiceRow[]): CountedOverview {
  const matched = rows.reduce((sum, [, , , , , , hits]) => sum + Number(hits), 0);
  return { overview: overviewOf(traceId, rows), matched };
}

function overviewOf(traceId: string, rows: readonly ServiceRow[]): TraceOverview {
  let spanCount = 0;
  let errorCount = 0;
  let start: bigint | undefined;
  let end = 0n;
  let root: { at: bigint; id: string; service: string; name: string } | undefined;
  const services: Record<string, { spans: number; errors: number }> = {};
  for (const [, service, spans, errors, first, last, , roots, [at, id, name]] of rows) {
    Object.defineProperty(services, service, {
      value: { spans: Number(spans), errors: Number(errors) },
      enumerable: true,
    });
    spanCount += Number(spans);
    errorCount += Number(errors);
    if (start === undefined || BigInt(first) < start) start = BigInt(first);
    if (BigInt(last) > end) end = BigInt(last);
    if (roots !== "0" && isEarlier(BigInt(at), id, root))
      root = { at: BigInt(at), id, service, name };
  }
  return {
    traceId,
    startUnixNano: String(start ?? 0n),
    durationNano: String(end - (start ?? 0n)),
    ...(root === undefined ? {} : { rootService: root.service, rootName: root.name }),
    spanCount,
    errorCount,
    services,
  };
}

function isEarlier(
  at: bigint,
  id: string,
  than: { readonly at: bigint; readonly id: string } | undefined,
): boolean {
  return than === undefined || at < than.at || (at === than.at && id < than.id);
}
