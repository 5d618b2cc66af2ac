// Messages of Tempo's query API (package tempopb of tempo.proto, Apache-2.0) as plain data. The encoders beside
// this file write them as protobuf and as the JSON that Go's jsonpb reads.

import type { AnyValue } from "../otlp/any-value.ts";

export interface KeyValue {
  readonly key: string;
  readonly value: AnyValue;
}

/** tempopb.Span: a span of a search answer. */
export interface FoundSpan {
  /** Hex. */
  readonly spanId: string;
  readonly name: string;
  /** Nanoseconds since 1970. */
  readonly startUnixNano: bigint;
  readonly durationNano: bigint;
  readonly attributes: readonly KeyValue[];
}

export interface SpanSet {
  readonly spans: readonly FoundSpan[];
  readonly matched: number;
  readonly attributes: readonly KeyValue[];
}

/** tempopb.TraceSearchMetadata; its deprecated `spanSet` is written as the first of `spanSets`. */
export interface FoundTrace {
  readonly traceId: string;
  readonly rootServiceName: string;
  readonly rootTraceName: string;
  readonly startUnixNano: bigint;
  /** Whole milliseconds, at most 2^32 - 1. */
  readonly durationMs: number;
  readonly spanSets: readonly SpanSet[];
  readonly serviceStats: Readonly<
    Record<string, { readonly spanCount: number; readonly errorCount: number }>
  >;
}

/** Cost of an answer; the fields of SearchMetrics and MetadataMetrics that have a meaning here. */
export interface QueryCost {
  readonly inspectedTraces: number;
  readonly inspectedBytes: number;
  readonly inspectedSpans: number;
  readonly completedJobs: number;
  readonly totalJobs: number;
}

export interface SearchResponse {
  readonly traces: readonly FoundTrace[];
  readonly metrics: QueryCost;
}

export interface Exemplar {
  readonly labels: readonly KeyValue[];
  readonly value: number;
  readonly timeMs: number;
}

export interface TimeSeries {
  readonly labels: readonly KeyValue[];
  /** Milliseconds since 1970. */
  readonly samples: readonly { readonly timeMs: number; readonly value: number }[];
  readonly exemplars: readonly Exemplar[];
}

interface MetricsAnswer {
  readonly metrics: QueryCost;
  /** Why the answer is not whole; makes its status PARTIAL. */
  readonly partial?: string;
}

export interface QueryRangeResponse extends MetricsAnswer {
  readonly series: readonly TimeSeries[];
}

export interface QueryInstantResponse extends MetricsAnswer {
  readonly series: readonly { readonly labels: readonly KeyValue[]; readonly value: number }[];
}

export interface TagScope {
  readonly name: string;
  readonly tags: readonly string[];
}

export interface TagValueEntry {
  readonly type: string;
  readonly value: string;
}

/** Times are seconds since 1970 here, and 0 where the client gave none. */
export interface SearchRequest {
  readonly tags: Readonly<Record<string, string>>;
  readonly query: string;
  readonly minDurationMs: number;
  readonly maxDurationMs: number;
  readonly limit: number;
  readonly start: number;
  readonly end: number;
  readonly spansPerSpanSet: number;
}

/** Times are seconds since 1970. Scope is empty for tag values, tag name is empty for tag names. */
export interface TagRequest {
  readonly scope: string;
  readonly tagName: string;
  readonly query: string;
  readonly start: number;
  readonly end: number;
  readonly limit: number;
}

/** Times and step are nanoseconds. */
export interface MetricsRequest {
  readonly query: string;
  readonly start: bigint;
  readonly end: bigint;
  readonly step: bigint;
  readonly exemplars: number;
  readonly maxSeries: number;
  readonly instant: boolean;
}
