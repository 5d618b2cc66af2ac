// The words of the read side: what can be asked of the span store and the shape of its answers.
// These are also the JSON bodies of the native API. Absolute times are decimal strings of nanoseconds
// since 1970 (they do not fit a double); durations are numbers of nanoseconds.

import type { SpanKindName, StatusCodeName } from "./kinds.ts";

/** Half-open range of span start times, nanoseconds since 1970. */
export interface TimeRange {
  readonly startNano: bigint;
  readonly endNano: bigint;
}

/** Where an attribute lives; `any` looks at the span first, then its resource. */
export type AttributeScope = "any" | "span" | "resource";
export type AttributeOperator = "=" | "!=" | ">" | "<" | ">=" | "<=" | "exists" | "regex";

/** One condition on an attribute. `value` is absent for `exists`, an RE2 pattern for `regex` (unanchored). */
export interface AttributeFilter {
  readonly scope: AttributeScope;
  readonly key: string;
  readonly operator: AttributeOperator;
  /** Always the text the user gave; compared as a number or bool too where the stored attribute is one. */
  readonly value?: string;
}

/** Conditions on a single span, all of which must hold. */
export interface SpanFilter {
  readonly service?: string;
  readonly operation?: string;
  readonly kind?: SpanKindName;
  readonly status?: StatusCodeName;
  readonly minDurationNano?: number;
  readonly maxDurationNano?: number;
  readonly attributes: readonly AttributeFilter[];
}

export interface SearchQuery {
  readonly tenant: string;
  readonly range: TimeRange;
  readonly filter: SpanFilter;
  /** newest: by start of the matching span; slowest: by duration of the matching span. */
  readonly sort: "newest" | "slowest";
  /** Traces a page, 1..1000. */
  readonly limit: number;
  /** `nextCursor` of the page before. */
  readonly cursor?: string;
}

/** The span of a trace that matched: its newest or its slowest, as sorted. */
export interface MatchedSpan {
  readonly spanId: string;
  readonly service: string;
  readonly name: string;
  readonly startUnixNano: string;
  readonly durationNano: number;
  readonly kind: SpanKindName;
  readonly status: StatusCodeName;
}

export interface TraceSummary {
  readonly traceId: string;
  readonly startUnixNano: string;
  readonly durationNano: number;
  /** Absent while the root span has not arrived. */
  readonly rootService?: string;
  readonly rootName?: string;
  readonly spanCount: number;
  readonly errorCount: number;
  /** Names of the services in the trace, sorted. */
  readonly services: readonly string[];
  readonly matched: MatchedSpan;
}

export interface SearchResult {
  readonly traces: readonly TraceSummary[];
  /** Absent on the last page. */
  readonly nextCursor?: string;
}

/** Rate, errors, duration. Counts are adjusted for sampling, so they may be fractional. */
export interface Red {
  readonly count: number;
  readonly errorCount: number;
  readonly ratePerSecond: number;
  /** 0..1 */
  readonly errorRate: number;
  readonly p50Nano: number;
  readonly p95Nano: number;
  readonly p99Nano: number;
  readonly maxNano: number;
}

/**
 * A service in a time range. RED counts its server and consumer spans ("requests"); for a service that
 * has none (a job, a browser) it counts all of its spans, and `basis` says so.
 */
export interface ServiceSummary extends Red {
  readonly service: string;
  readonly basis: "requests" | "spans";
  /** All spans of the service in the range, adjusted. */
  readonly spanCount: number;
}

export interface OperationSummary extends Red {
  readonly service: string;
  readonly operation: string;
  readonly kind: SpanKindName;
}

/** One point a step; a series starts at the range's start, and empty steps have zeros. */
export interface RedSeries {
  readonly startUnixNano: string;
  readonly stepNano: number;
  readonly count: readonly number[];
  readonly errorCount: readonly number[];
  readonly p50Nano: readonly number[];
  readonly p95Nano: readonly number[];
  readonly p99Nano: readonly number[];
}

/** Latency heat map: `counts[column][bucket]`, buckets ascending; bucket i holds durations from `bucketNano[i]` up to `bucketNano[i + 1]`. */
export interface Heatmap {
  readonly startUnixNano: string;
  readonly stepNano: number;
  /** One more entry than there are buckets. */
  readonly bucketNano: readonly number[];
  readonly counts: readonly (readonly number[])[];
  /** Of `counts`, those with status error. */
  readonly errorCounts: readonly (readonly number[])[];
}

export type ServiceNodeType = "service" | "database" | "messaging" | "external";

export interface ServiceNode {
  /** `name` for services; `type:name` for the rest. */
  readonly id: string;
  readonly name: string;
  readonly type: ServiceNodeType;
}

export interface ServiceEdge {
  readonly source: string;
  readonly target: string;
  readonly count: number;
  readonly errorCount: number;
  readonly ratePerSecond: number;
  /** As the caller saw it. */
  readonly p50Nano: number;
  readonly p95Nano: number;
  readonly p99Nano: number;
}

export interface ServiceMap {
  readonly nodes: readonly ServiceNode[];
  readonly edges: readonly ServiceEdge[];
}

export interface AttributeKey {
  readonly scope: "span" | "resource";
  readonly key: string;
  readonly type: "string" | "int" | "double" | "bool" | "other";
  readonly count: number;
}

export interface AttributeValue {
  readonly value: string;
  readonly type: AttributeKey["type"];
  readonly count: number;
}

/** A log record as the native API shows it; attribute values are OTLP JSON AnyValues. */
export interface LogRecord {
  readonly timeUnixNano: string;
  readonly severityNumber: number;
  readonly severityText: string;
  readonly service: string;
  readonly traceId: string;
  readonly spanId: string;
  readonly eventName: string;
  /** The body when it is a string, else its OTLP JSON text. */
  readonly body: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}
