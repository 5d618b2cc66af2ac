// Search: spans that match a filter, shown as the traces they belong to, newest or slowest first.

import { ClewError } from "@clew/base";
import type { SearchQuery, SearchResult } from "@clew/model";
import type { Engine } from "../engines/engine.ts";
import type { CountedTraces } from "../trace-reader.ts";
import { type FoundSpan, foundSpans } from "./found-span.ts";
import type { ReadContext } from "./read-context.ts";
import { readCursor, writeCursor } from "./search-cursor.ts";
import { SpanCondition } from "./span-condition.ts";
import { readTraceCounts } from "./trace-counts.ts";
import { findTraces, pageEnd } from "./trace-finder.ts";
import { readSummaries } from "./trace-summaries.ts";

/** Spans of one trace tend to match together: this many rows a missing trace are asked for ... */
const ROWS_A_TRACE = 16;
/** ... and this many where the filter names an operation. */
const ROWS_A_TRACE_OF_OPERATION = 6;

export async function searchTraces(
  engine: Engine,
  query: SearchQuery,
  context: ReadContext,
): Promise<SearchResult> {
  const { found, ...rest } = await findPage(engine, query, context);
  return { traces: await readSummaries(engine, query.tenant, found, context), ...rest };
}

export async function searchTraceCounts(
  engine: Engine,
  query: SearchQuery,
  context: ReadContext,
): Promise<CountedTraces> {
  const { found, ...rest } = await findPage(engine, query, context);
  return { traces: await readTraceCounts(engine, query.tenant, found, context), ...rest };
}

interface FoundPage {
  readonly found: readonly FoundSpan[];
  readonly nextCursor?: string;
}

async function findPage(
  engine: Engine,
  query: SearchQuery,
  context: ReadContext,
): Promise<FoundPage> {
  if (!Number.isInteger(query.limit) || query.limit < 1 || query.limit > 1000) {
    throw new ClewError("bad_request", "a page has 1 to 1000 traces", {
      hint: `got limit ${query.limit}`,
    });
  }
  const after = query.cursor === undefined ? undefined : readCursor(query.sort, query.cursor);
  const condition = await SpanCondition.prepare(engine, query.tenant, query.filter, context);
  const search = {
    tenant: query.tenant,
    range: query.range,
    sort: query.sort,
    limit: query.limit,
    after,
    rowsATrace: query.filter.operation === undefined ? ROWS_A_TRACE : ROWS_A_TRACE_OF_OPERATION,
    clause: condition.clause.bind(condition),
    reads: foundSpans,
  };
  const found = await findTraces(engine, search, context);
  const page = found.slice(0, query.limit);
  const end = pageEnd(search, found);
  return end === undefined
    ? { found: page }
    : { found: page, nextCursor: writeCursor(query.sort, end) };
}
