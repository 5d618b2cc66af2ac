// The read side of the span store, as the query APIs see it. Every call takes the caller's AbortSignal:
// a client that goes away cancels its query in the engine. Errors are ClewErrors: `bad_request` (a filter
// that cannot be run, such as a malformed regular expression or cursor), `limit_exceeded` (time, rows or
// memory), `cancelled`, `unavailable` (the engine does not answer).

import type {
  AttributeKey,
  AttributeScope,
  AttributeValue,
  Heatmap,
  LogBatch,
  OperationSummary,
  RedSeries,
  ResultTrace,
  SearchQuery,
  SearchResult,
  ServiceMap,
  ServiceSummary,
  SpanBatch,
  SpanFilter,
  TimeRange,
  TraceHealth,
} from "@clew/model";

export interface RangeQuery {
  readonly tenant: string;
  readonly range: TimeRange;
}

export interface SeriesQuery extends RangeQuery {
  readonly filter: SpanFilter;
  /** Width of a column in nanoseconds; the reader may widen it (whole minutes) to answer from rollups. */
  readonly stepNano: number;
}

export interface AttributeKeysQuery extends RangeQuery {
  readonly scope: AttributeScope;
  readonly prefix: string;
  readonly limit: number;
}

export interface AttributeValuesQuery extends AttributeKeysQuery {
  readonly key: string;
}

/** A trace in numbers that are counted from its spans. */
export interface TraceCounts extends Omit<ResultTrace, "spansets"> {
  /** Spans whose parent is not there. */
  readonly orphanCount: number;
}

export interface CountedTraces {
  readonly traces: readonly TraceCounts[];
  /** Absent on the last page. */
  readonly nextCursor?: string;
}

export interface TraceReader {
  /** All spans of a trace as one batch ordered by start, or undefined when none is stored. `traceId`: 32 hex digits. */
  trace(tenant: string, traceId: string, signal?: AbortSignal): Promise<SpanBatch | undefined>;
  /**
   * All spans of several traces as one batch, trace by trace in the order of the ids and each ordered by
   * start, or undefined when none is stored. Meant for up to a hundred ids; one is as good as {@link trace}.
   */
  traces(
    tenant: string,
    traceIds: readonly string[],
    signal?: AbortSignal,
  ): Promise<SpanBatch | undefined>;
  /** Log records of a trace in time order; empty when there are none. */
  traceLogs(tenant: string, traceId: string, signal?: AbortSignal): Promise<LogBatch>;
  search(query: SearchQuery, signal?: AbortSignal): Promise<SearchResult>;
  /** The same search, and what it finds counted exactly: it reads columns of all spans of those traces. */
  searchCounts(query: SearchQuery, signal?: AbortSignal): Promise<CountedTraces>;
  services(query: RangeQuery, signal?: AbortSignal): Promise<readonly ServiceSummary[]>;
  /** Operations of one service, most requests first. */
  operations(
    query: RangeQuery & { readonly service: string },
    signal?: AbortSignal,
  ): Promise<readonly OperationSummary[]>;
  red(query: SeriesQuery, signal?: AbortSignal): Promise<RedSeries>;
  heatmap(query: SeriesQuery, signal?: AbortSignal): Promise<Heatmap>;
  serviceMap(query: RangeQuery, signal?: AbortSignal): Promise<ServiceMap>;
  /** How whole the traces are, from a sample. Spans of the last half minute may still miss their relatives. */
  traceHealth(query: RangeQuery, signal?: AbortSignal): Promise<TraceHealth>;
  attributeKeys(query: AttributeKeysQuery, signal?: AbortSignal): Promise<readonly AttributeKey[]>;
  attributeValues(
    query: AttributeValuesQuery,
    signal?: AbortSignal,
  ): Promise<readonly AttributeValue[]>;
}
