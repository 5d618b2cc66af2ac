// Searches that answer with whole traces, as Jaeger's and Zipkin's APIs do: first which traces, newest
// first, then their spans, many small traces or a few large ones a query.

import { ClewError } from "@clew/base";
import type { SearchQuery, SpanBatch, TraceSummary } from "@clew/model";
import type { TraceReader } from "@clew/storage";

/** Groups that are read at the same time; more would only wait for each other in the engine. */
const atOnce = 2;
/** Traces, and about as many spans, that one query reads. */
const groupTraces = 100;
const groupSpans = 20_000;
/** The store's largest page. */
const pageLimit = 1000;
/** Spans that one answer holds at most: they are all in memory while it is written. */
export const mostSpans = 250_000;

/** A search for the newest traces; `limit` may exceed a page of the store. */
export type TracesQuery = Omit<SearchQuery, "sort" | "cursor">;

/** Summaries of the newest matching traces. */
export function newestSummaries(
  reader: TraceReader,
  query: TracesQuery,
  signal: AbortSignal,
): Promise<TraceSummary[]> {
  return newestPages(query, (page) => reader.search(page, signal));
}

/** What `search` tells of the newest matching traces, page by page. */
export async function newestPages<Trace>(
  query: TracesQuery,
  search: (
    page: SearchQuery,
  ) => Promise<{ readonly traces: readonly Trace[]; readonly nextCursor?: string }>,
): Promise<Trace[]> {
  const found: Trace[] = [];
  let cursor: string | undefined;
  do {
    const limit = Math.min(pageLimit, query.limit - found.length);
    const after = cursor === undefined ? {} : { cursor };
    const result = await search({ ...query, sort: "newest", limit, ...after });
    found.push(...result.traces);
    cursor = result.nextCursor;
  } while (cursor !== undefined && found.length < query.limit);
  return found;
}

/** The newest matching traces, whole. Raises `limit_exceeded` when they have too many spans together. */
export async function findTraces(
  reader: TraceReader,
  query: TracesQuery,
  signal: AbortSignal,
): Promise<SpanBatch[]> {
  const summaries = await newestSummaries(reader, query, signal);
  return wholeTraces(reader, query.tenant, summaries, signal);
}

/** The traces of `summaries`, in their order, several a batch. Raises `limit_exceeded` like {@link findTraces}. */
export async function wholeTraces(
  reader: TraceReader,
  tenant: string,
  summaries: readonly TraceSummary[],
  signal: AbortSignal,
): Promise<SpanBatch[]> {
  const spans = summaries.reduce((sum, { spanCount }) => sum + spanCount, 0);
  if (spans > mostSpans) throw tooLarge();
  return readGroups(reader, tenant, groups(summaries), signal);
}

/** The traces with these ids that there are, in their order, several a batch. */
export async function readTraces(
  reader: TraceReader,
  tenant: string,
  traceIds: readonly string[],
  signal: AbortSignal,
): Promise<SpanBatch[]> {
  const unknown = traceIds.map((traceId) => ({ traceId, spanCount: 1 }));
  return readGroups(reader, tenant, groups(unknown), signal);
}

/** Ids of traces that are read together. */
function groups(traces: readonly Pick<TraceSummary, "traceId" | "spanCount">[]): string[][] {
  const all: string[][] = [];
  let spans = groupSpans;
  for (const { traceId, spanCount } of traces) {
    const last = all.at(-1);
    if (last === undefined || last.length >= groupTraces || spans + spanCount > groupSpans) {
      all.push([traceId]);
      spans = spanCount;
    } else {
      last.push(traceId);
      spans += spanCount;
    }
  }
  return all;
}

async function readGroups(
  reader: TraceReader,
  tenant: string,
  idGroups: readonly (readonly string[])[],
  signal: AbortSignal,
): Promise<SpanBatch[]> {
  const batches: (SpanBatch | undefined)[] = [];
  let next = 0;
  let spans = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < idGroups.length; at = next++) {
      const batch = await reader.traces(tenant, idGroups[at] as readonly string[], signal);
      batches[at] = batch;
      spans += batch?.length ?? 0;
      // A trace grows between the search and this, and nobody counted those asked for by id.
      if (spans > mostSpans) throw tooLarge();
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, idGroups.length) }, work));
  return batches.filter((batch) => batch !== undefined);
}

function tooLarge(): ClewError {
  return new ClewError("limit_exceeded", `the traces have more than ${mostSpans} spans together`, {
    hint: "ask for fewer traces, or narrow the search",
  });
}
