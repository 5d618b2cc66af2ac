// What a page of a span search shows of its traces.

import type { NamedValue, ResultSpan, ResultTrace } from "@clew/model";
import type { FieldReference } from "@clew/traceql";
import type { Engine } from "../engines/engine.ts";
import type { FoundTrace } from "../read/found-span.ts";
import type { ReadContext } from "../read/read-context.ts";
import { SqlParameters } from "../read/sql-parameters.ts";
import { TRUE } from "./field-logic.ts";
import { typedValue } from "./field-typed.ts";
import type { SpanSource } from "./metrics/span-clause.ts";
import { conditionsOf, filterSql } from "./metrics/span-filter.ts";
import { MAX_SHOWN, tooMuchShown } from "./shown-limit.ts";
import { findSpanRows, type KnownTrace, readOverviews, type SpanRows } from "./trace-overviews.ts";

const MINUTE_NANO = 60_000_000_000n;

export interface ShownSpans extends SpanSource {
  /** Fields of which the values are shown. */
  readonly named: readonly FieldReference[];
  /** Spans a trace, the first by start. */
  readonly spansPerSpanset: number;
}

/** The traces of the found spans, in their order. */
export async function readPage(
  engine: Engine,
  shown: ShownSpans,
  found: readonly FoundTrace[],
  context: ReadContext,
): Promise<readonly ResultTrace[]> {
  if (found.length === 0) return [];
  const rows = await findSpanRows(engine, shown.tenant, found.map(knownTrace), context);
  const [overviews, spans] = await Promise.all([
    readOverviews(engine, rows, context, (parameters) => matchedSql(shown, parameters)),
    readShown(engine, shown, rows, context),
  ]);
  return found.flatMap(({ traceId }) => {
    const known = overviews.get(traceId);
    // Retention may have taken the trace since it was found.
    if (known === undefined) return [];
    const { overview, matched } = known;
    return [{ ...overview, spansets: [{ matched, values: [], spans: spans.get(traceId) ?? [] }] }];
  });
}

function knownTrace({ traceId, day, span }: FoundTrace): KnownTrace {
  return { traceId, day, minute: Number(BigInt(span.startUnixNano) / MINUTE_NANO) };
}

/** Whether a span matches; `1` when all do. */
function matchedSql({ filter, fields }: ShownSpans, parameters: SqlParameters): string {
  const sql = filterSql(filter, (condition) => fields.condition(condition, parameters));
  return typeof sql === "string" ? `(${sql})` : TRUE;
}

async function readShown(
  engine: Engine,
  shown: ShownSpans,
  rows: SpanRows,
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
  const answer = await engine.readRows(
    `SELECT ${columns.join(",\n ")} FROM spans ${rows.clause(parameters)}
       AND ${matched}
     ORDER BY start, span_id LIMIT ${Math.trunc(shown.spansPerSpanset)} BY trace_id LIMIT ${MAX_SHOWN + 1}`,
    { ...context, parameters: parameters.values },
  );
  if (answer.length > MAX_SHOWN) throw tooMuchShown(MAX_SHOWN);
  const spans = new Map<string, ResultSpan[]>();
  for (const row of answer) {
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
