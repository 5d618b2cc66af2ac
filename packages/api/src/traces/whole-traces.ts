// Searches that answer with whole traces, as Jaeger's and Zipkin's APIs do: first which traces, newest
// first, then their spans, a few traces at a time.

import { ClewError } from "@clew/base";
import type { SearchQuery, SpanBatch, TraceSummary } from "@clew/model";
import type { TraceReader } from "@clew/storage";

/** Traces that are read at the same time; more would only wait for each other in the engine. */
const atOnce = 3;
/** The store's largest page. */
const pageLimit = 1000;
/** Spans that one answer holds at most: they are all in memory while it is written. */
export const mostSpans = 250_000;

/** A search for the newest traces; `limit` may exceed a page of the store. */
export type TracesQuery = Omit<SearchQuery, "sort" | "cursor">;

/** Summaries of the newest matching traces. */
export async function newestSummaries(
  reader: TraceReader,
  query: TracesQuery,
  signal: AbortSignal,
): Promise<TraceSummary[]> {
  const found: TraceSummary[] = [];
  let cursor: string | undefined;
  do {
    const limit = Math.min(pageLimit, query.limit - found.length);
    const page = cursor === undefined ? {} : { cursor };
    const result = await reader.search({ ...query, sort: "newest", limit, ...page }, signal);
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

/** The traces of `summaries`, in their order. Raises `limit_exceeded` like {@link findTraces}. */
export async function wholeTraces(
  reader: TraceReader,
  tenant: string,
  summaries: readonly TraceSummary[],
  signal: AbortSignal,
): Promise<SpanBatch[]> {
  const spans = summaries.reduce((sum, { spanCount }) => sum + spanCount, 0);
  if (spans > mostSpans) throw tooLarge();
  const ids = summaries.map(({ traceId }) => traceId);
  const batches = await readTraces(reader, tenant, ids, signal);
  return batches.filter((batch) => batch !== undefined);
}

/** The traces with these ids, undefined where there is none. */
export async function readTraces(
  reader: TraceReader,
  tenant: string,
  traceIds: readonly string[],
  signal: AbortSignal,
): Promise<(SpanBatch | undefined)[]> {
  const batches: (SpanBatch | undefined)[] = [];
  let next = 0;
  let spans = 0;
  const work = async (): Promise<void> => {
    for (let at = next++; at < traceIds.length; at = next++) {
      batches[at] = await reader.trace(tenant, traceIds[at] as string, signal);
      spans += batches[at]?.length ?? 0;
      if (traceIds.length > 1 && spans > mostSpans) throw tooLarge();
    }
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, traceIds.length) }, work));
  return batches;
}

function tooLarge(): ClewError {
  return new ClewError("limit_exceeded", `the traces have more than ${mostSpans} spans together`, {
    hint: "ask for fewer traces, or narrow the search",
  });
}
