// What a page of a span search shows of its traces.

import type { NamedValue, ResultSpan, ResultTrace } from "@clew/model";
import type { FieldReference } from "@clew/traceql";
import type { Engine } from "../engines/engine.ts";
import { type FoundTrace, nearDays } from "../read/found-span.ts";
import type { ReadContext } from "../read/read-context.ts";
import { SqlParameters } from "../read/sql-parameters.ts";
import { type IndexRow, readIndexRows } from "../read/trace-summaries.ts";
import { TRUE } from "./field-logic.ts";
import { typedValue } from "./field-typed.ts";
import type { SpanSource } from "./metrics/span-clause.ts";
import { conditionsOf, filterSql } from "./metrics/span-filter.ts";
import { MAX_SHOWN, tooMuchShown } from "./shown-limit.ts";

const MINUTE_NANO = 60_000_000_000n;

export interface ShownSpans extends SpanSource {
  /** Fields of which the values are shown. */
  readonly named: readonly FieldReference[];
  /** Spans a trace, the first by start. */
  readonly spansPerSpanset: number;
}

interface TraceStats {
  matched: number;
  spans: number;
  errors: number;
  readonly services: Record<string, { spans: number; errors: number }>;
}

/** The traces of the found spans, in their order. */
export async function readPage(
  engine: Engine,
  shown: ShownSpans,
  found: readonly FoundTrace[],
  context: ReadContext,
): Promise<readonly ResultTrace[]> {
  if (found.length === 0) return [];
  const index = await readIndexRows(engine, shown.tenant, found, context);
  const place = placeOf(found, index);
  const [stats, spans] = await Promise.all([
    readStats(engine, shown, place, context),
    readShown(engine, shown, place, context),
  ]);
  return found.map((one) => {
    return resultTrace(
      one,
      index.get(one.traceId),
      stats.get(one.traceId),
      spans.get(one.traceId) ?? [],
    );
  });
}

/** Where the spans of some traces lie. */
interface Place {
  readonly traceIds: readonly string[];
  readonly days: readonly number[];
  readonly minutes: readonly number[];
}

function placeOf(found: readonly FoundTrace[], index: ReadonlyMap<string, IndexRow>): Place {
  const minutes = new Set<number>();
  // The spans of an insert are there a moment before its rows of the index.
  for (const { span } of found) minutes.add(Number(BigInt(span.startUnixNano) / MINUTE_NANO));
  for (const row of index.values()) for (const minute of row.minutes) minutes.add(minute);
  return {
    traceIds: found.map(({ traceId }) => traceId),
    days: nearDays(found),
    minutes: [...minutes],
  };
}

function clauseOf({ tenant }: ShownSpans, place: Place, parameters: SqlParameters): string {
  return `PREWHERE trace_id IN ${parameters.traceIds(place.traceIds)}
    WHERE tenant = ${parameters.text(tenant)} AND day IN ${parameters.days(place.days)}
      AND minute IN ${parameters.uint32s(place.minutes)}`;
}

/** Whether a span matches; `1` when all do. */
function matchedSql({ filter, fields }: ShownSpans, parameters: SqlParameters): string {
  const sql = filterSql(filter, (condition) => fields.condition(condition, parameters));
  return typeof sql === "string" ? `(${sql})` : TRUE;
}

async function readStats(
  engine: Engine,
  shown: ShownSpans,
  place: Place,
  context: ReadContext,
): Promise<ReadonlyMap<string, TraceStats>> {
  const parameters = new SqlParameters();
  const matched = matchedSql(shown, parameters);
  const rows = await engine.readRows(
    `SELECT lower(hex(trace_id)), service, count(), countIf(status = 'error'),
       countIf(${matched})
     FROM spans ${clauseOf(shown, place, parameters)} GROUP BY trace_id, service`,
    { ...context, parameters: parameters.values },
  );
  const stats = new Map<string, TraceStats>();
  for (const row of rows) {
    const [id, service, spans, errors, hits] = row as [string, string, string, string, string];
    const sums = stats.get(id) ?? { matched: 0, spans: 0, errors: 0, services: emptyRecord() };
    stats.set(id, sums);
    sums.matched += Number(hits);
    sums.spans += Number(spans);
    sums.errors += Number(errors);
    sums.services[service] = { spans: Number(spans), errors: Number(errors) };
  }
  return stats;
}

/** Services are named from outside: `__proto__` is a key like any other. */
function emptyRecord(): TraceStats["services"] {
  return Object.create(null) as TraceStats["services"];
}

async function readShown(
  engine: Engine,
  shown: ShownSpans,
  place: Place,
  context: ReadContext,
): Promise<ReadonlyMap<string, readonly ResultSpan[]>> {
  const parameters = new SqlParameters();
  const filters = conditionsOf(shown.filter);
  const values = shown.named.map((field, i) => {
    return `${shown.fields.typedAsFound(field, filters, parameters)} AS v${i}, v${i}.type, v${i}.text`;
  });
  const columns = [
    "lower(hex(trace_id)), lower(hex(span_id)), name, toUnixTimestamp64Nano(start), duration",
    ...values,
  ];
  const matched = matchedSql(shown, parameters);
  const rows = await engine.readRows(
    `SELECT ${columns.join(",\n ")} FROM spans ${clauseOf(shown, place, parameters)}
       AND ${matched}
     ORDER BY start, span_id LIMIT ${Math.trunc(shown.spansPerSpanset)} BY trace_id LIMIT ${MAX_SHOWN + 1}`,
    { ...context, parameters: parameters.values },
  );
  if (rows.length > MAX_SHOWN) throw tooMuchShown(MAX_SHOWN);
  const spans = new Map<string, ResultSpan[]>();
  for (const row of rows) {
    const [traceId, spanId, name, startUnixNano, durationNano, ...cells] = row as [
      string,
      string,
      string,
      string,
      string,
      ...unknown[],
    ];
    const list = spans.get(traceId) ?? [];
    spans.set(traceId, list);
    const named = namedValues(shown.named, cells);
    list.push({ spanId, name, startUnixNano, durationNano, values: named });
  }
  return spans;
}

/** `cells`: for each field the pair, its type and its text. */
function namedValues(named: readonly FieldReference[], cells: readonly unknown[]): NamedValue[] {
  const values: NamedValue[] = [];
  for (const [i, { text }] of named.entries()) {
    const value = typedValue(cells[i * 3 + 1] as string, cells[i * 3 + 2] as string);
    if (value.type !== "nil") values.push({ name: text, value });
  }
  return values;
}

function resultTrace(
  { traceId, span }: FoundTrace,
  row: IndexRow | undefined,
  stats: TraceStats | undefined,
  spans: readonly ResultSpan[],
): ResultTrace {
  return {
    traceId,
    startUnixNano: row?.start ?? span.startUnixNano,
    durationNano: String(row?.duration ?? span.durationNano),
    // A service always has a name: none means that no root has come.
    ...(row === undefined || row.rootService === ""
      ? {}
      : { rootService: row.rootService, rootName: row.rootName }),
    spanCount: stats?.spans ?? 0,
    errorCount: stats?.errors ?? 0,
    services: stats?.services ?? {},
    spansets: [{ matched: stats?.matched ?? 0, values: [], spans }],
  };
}
