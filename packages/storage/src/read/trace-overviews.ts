// What an answer says of each trace: extent, root, spans and errors by service, and some of its spans. From the
// spans themselves, which the trace index leads to.

import type { ResultTrace } from "@clew/model";
import type { Engine } from "../engines/engine.ts";
import type { FoundTrace } from "./found-span.ts";
import type { ReadContext } from "./read-context.ts";
import { SqlParameters } from "./sql-parameters.ts";

const MAX_DAY = 65_535;
const MINUTE_NANO = 60_000_000_000n;

/** A trace, and a minute and a day (since 1970) that it has spans in. */
export interface KnownTrace {
  readonly traceId: string;
  readonly minute: number;
  readonly day: number;
}

export function knownTrace({ traceId, day, span }: FoundTrace): KnownTrace {
  return { traceId, day, minute: Number(BigInt(span.startUnixNano) / MINUTE_NANO) };
}

/** Where the rows of some traces lie, as a condition of a query on table `spans`. */
export interface SpanRows {
  /** SQL that follows `FROM spans`; more conditions can follow after AND. */
  clause(parameters: SqlParameters): string;
  /** Spans, as far as the trace index knows. */
  readonly spans: number;
}

export type TraceOverview = Omit<ResultTrace, "spansets">;

/** Which spans of each trace are shown, and what of them. */
export interface Wanted {
  /** SQL on a span. */
  readonly condition: (parameters: SqlParameters) => string;
  /** SQL of texts and whole numbers of 64 bits, which both come as texts. */
  readonly columns: (parameters: SqlParameters) => readonly string[];
  /** Spans a trace, the first by start. */
  readonly most: number;
}

/** A span that was wanted, and its columns. */
export type ShownSpan = readonly [start: string, spanId: string, ...columns: readonly string[]];

/** A trace, how many of its spans meet the condition that was asked for, and the first of them. */
export interface Overview {
  readonly trace: TraceOverview;
  readonly matched: number;
  readonly shown: readonly ShownSpan[];
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
  roots: string,
  root: [start: string, spanId: string, name: string],
  matched: string,
  shown: ShownSpan[],
];

const START = "toUnixTimestamp64Nano(start)";

/** By trace id. All of a trace's granules are read once, which is what it costs. */
export async function readOverviews(
  engine: Engine,
  rows: SpanRows,
  context: ReadContext,
  wanted?: Wanted,
): Promise<ReadonlyMap<string, Overview>> {
  const parameters = new SqlParameters();
  const answer = await engine.readRows(
    `SELECT lower(hex(trace_id)), service, count(), countIf(status = 'error'), min(${START}),
       max(greatest(${START}, ${START} + duration)), countIf(is_root),
       minIf((${START}, hex(span_id), toString(name)), parent_span_id = toFixedString('', 8) AS is_root),
       ${wanted === undefined ? "0, []" : wantedSql(wanted, parameters)}
     FROM spans ${rows.clause(parameters)} GROUP BY trace_id, service ORDER BY trace_id, service`,
    { ...context, parameters: parameters.values },
  );
  const traces = new Map<string, ServiceRow[]>();
  for (const row of answer as ServiceRow[]) {
    const others = traces.get(row[0]);
    if (others === undefined) traces.set(row[0], [row]);
    else others.push(row);
  }
  const most = wanted?.most ?? 0;
  return new Map([...traces].map(([id, services]) => [id, overviewOf(id, services, most)]));
}

function wantedSql({ condition, columns, most }: Wanted, parameters: SqlParameters): string {
  const span = [START, "lower(hex(span_id))", ...columns(parameters)].join(", ");
  return `countIf(${condition(parameters)} AS is_wanted),
    groupArraySortedIf(${Math.trunc(most)})((${span}), is_wanted)`;
}

function overviewOf(traceId: string, rows: readonly ServiceRow[], most: number): Overview {
  const matched = rows.reduce((sum, [, , , , , , , , count]) => sum + Number(count), 0);
  const shown = rows.flatMap(([, , , , , , , , , spans]) => spans);
  // Each service has given its own first ones.
  if (rows.length > 1) shown.sort(byStart);
  return { trace: traceOf(traceId, rows), matched, shown: shown.slice(0, most) };
}

function byStart([start, spanId]: ShownSpan, [otherStart, otherId]: ShownSpan): number {
  const before = BigInt(start) - BigInt(otherStart);
  if (before !== 0n) return before < 0n ? -1 : 1;
  return spanId < otherId ? -1 : 1;
}

function traceOf(traceId: string, rows: readonly ServiceRow[]): TraceOverview {
  let spanCount = 0;
  let errorCount = 0;
  let start: bigint | undefined;
  let end = 0n;
  let root: { at: bigint; id: string; service: string; name: string } | undefined;
  const services: Record<string, { spans: number; errors: number }> = {};
  for (const [, service, spans, errors, first, last, roots, [at, id, name]] of rows) {
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
