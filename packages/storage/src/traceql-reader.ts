// TraceQL against the span store, as the query APIs see it. Errors are ClewErrors: `bad_request` (a query that
// cannot be run; the message says where), `limit_exceeded` (time, bytes, memory, groups, traces), `cancelled`,
// `unavailable`. A query sees the spans that start inside the range; one about whole traces (structure,
// aggregates, parents) takes in every trace that has such a span in its result, and sees it whole.

import type {
  TagNames,
  TagNamesResult,
  TagValuesResult,
  TimeRange,
  TraceqlMetricsResult,
  TraceqlSearchResult,
} from "@clew/model";
import type { FieldReference, MetricsQuery, SpansetExpression, SpansQuery } from "@clew/traceql";

export interface TraceqlSearch {
  readonly tenant: string;
  readonly range: TimeRange;
  readonly query: SpansQuery;
  /** newest: by the start of the newest matching span; slowest: by the duration of the slowest one. */
  readonly sort: "newest" | "slowest";
  /** Traces a page, 1..1000. */
  readonly limit: number;
  /** Spans shown of each spanset, 1..10000. */
  readonly spansPerSpanset: number;
  readonly cursor?: string;
}

export interface TraceqlMetrics {
  readonly tenant: string;
  readonly range: TimeRange;
  readonly query: MetricsQuery;
  /** Nanoseconds; the range is aligned to it. Absent for one value over the whole range (instant). */
  readonly stepNano?: bigint;
  /** At most so many over all series; 0 for none. */
  readonly exemplars: number;
  readonly maxSeries: number;
}

export interface TagQuery {
  readonly tenant: string;
  readonly range: TimeRange;
  /** Only spans for which this holds count; asked of spans, not of the catalogue. */
  readonly filter?: SpansetExpression;
  readonly limit: number;
}

export interface TraceqlReader {
  /** Traces in a deterministic order, ties by trace id. */
  search(query: TraceqlSearch, signal?: AbortSignal): Promise<TraceqlSearchResult>;
  metrics(query: TraceqlMetrics, signal?: AbortSignal): Promise<TraceqlMetricsResult>;
  tagNames(
    query: TagQuery & { readonly scope?: TagNames["scope"] },
    signal?: AbortSignal,
  ): Promise<TagNamesResult>;
  /** Most frequent first. Names are full references: `span.http.route`, `.http.route`, `name`, `status`. */
  tagValues(
    query: TagQuery & { readonly field: FieldReference; readonly prefix?: string },
    signal?: AbortSignal,
  ): Promise<TagValuesResult>;
}
