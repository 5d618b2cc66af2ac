// TraceQL search that looks at each span alone: `{ a }`, `{ a } || { b }`, `{ a } | { b }`, `select`. Traces are
// found by their newest (slowest) matching span as the plain search finds them; what is shown of a page's
// traces (how many of their spans match, the first of those with their values, spans by service) is read
// afterwards, from the few minutes that the trace index names.

import { ClewError } from "@clew/base";
import type { TraceqlSearchResult } from "@clew/model";
import { type Pipeline, references } from "@clew/traceql";
import type { Engine } from "../engines/engine.ts";
import { type FoundTrace, foundTraces } from "../read/found-span.ts";
import type { ReadContext } from "../read/read-context.ts";
import { readCursor, writeCursor } from "../read/search-cursor.ts";
import { storableRange } from "../read/span-condition.ts";
import { findTraces, pageEnd, type TraceSearch } from "../read/trace-finder.ts";
import type { TraceqlSearch } from "../traceql-reader.ts";
import { isSpanLocal, prepareFields } from "./field-sql.ts";
import { spanClause } from "./metrics/span-clause.ts";
import { conditionsOf, type SpanFilter, spanFilterOf } from "./metrics/span-filter.ts";
import { readPage } from "./span-search-page.ts";

const ROWS_A_TRACE = 16;

/** The filter of a pipeline that looks at each span alone; undefined for one about whole traces. */
export function localFilter(pipeline: Pipeline): SpanFilter | undefined {
  return pipeline.stages.every(isLocalStage) ? spanFilterOf(pipeline) : undefined;
}

/** Groups show as spansets of their own, and parents lie elsewhere: such a pipeline is about the trace. */
function isLocalStage(stage: Pipeline["stages"][number]): boolean {
  switch (stage.kind) {
    case "by":
    case "coalesce":
    case "scalarFilter":
      return false;
    case "nested":
      return stage.pipeline.stages.every(isLocalStage);
    case "spansets":
      return isLocalStage(stage.left) && isLocalStage(stage.right);
    case "select":
      return stage.fields.every(isSpanLocal);
    default:
      return true;
  }
}

/** @throws ClewError `bad_request`, `limit_exceeded`, `cancelled`. */
export async function searchSpans(
  engine: Engine,
  query: TraceqlSearch,
  filter: SpanFilter,
  context: ReadContext,
): Promise<TraceqlSearchResult> {
  requireWithin("limit", query.limit, 1000);
  requireWithin("spansPerSpanset", query.spansPerSpanset, 10_000);
  const started = performance.now();
  const { tenant, sort, limit } = query;
  const named = references(query.query.pipeline);
  const after = query.cursor === undefined ? undefined : readCursor(sort, query.cursor);
  const fields = await prepareFields(engine, tenant, [...conditionsOf(filter), ...named], context);
  const source = { tenant, filter, fields };
  const range = storableRange(query.range);
  const search: TraceSearch<FoundTrace> = {
    tenant,
    range,
    sort,
    limit,
    after,
    rowsATrace: ROWS_A_TRACE,
    reads: foundTraces,
    clause: (window, parameters) => spanClause(source, window, parameters),
  };
  const found = await findTraces(engine, search, context);
  const page = found.slice(0, limit);
  const shown = { ...source, named, spansPerSpanset: query.spansPerSpanset };
  const traces = await readPage(engine, shown, page, context);
  const end = pageEnd(search, found);
  return {
    traces,
    ...(end === undefined ? {} : { nextCursor: writeCursor(sort, end) }),
    cost: {
      rows: 0,
      bytes: 0,
      traces: traces.length,
      milliseconds: performance.now() - started,
      plan: "spans",
    },
  };
}

function requireWithin(name: string, value: number, most: number): void {
  if (Number.isInteger(value) && value >= 1 && value <= most) return;
  throw new ClewError("bad_request", `${name} is a whole number from 1 to ${most}`, {
    hint: `got ${value}`,
  });
}
