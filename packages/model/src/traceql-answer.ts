// Answers to TraceQL questions. As in query.ts, absolute times are decimal strings of nanoseconds since 1970
// and these are also JSON bodies, so integers and durations that may pass 2^53 are decimal strings.

/** A value with its TraceQL type. `int` and `duration` (nanoseconds) carry decimal strings; arrays their elements. */
export type TypedValue =
  | { readonly type: "nil" }
  | { readonly type: "string" | "int" | "duration" | "status" | "kind"; readonly value: string }
  | { readonly type: "float"; readonly value: number }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "array"; readonly value: readonly TypedValue[] };

export interface NamedValue {
  /** A reference as the user wrote it (`span.http.route`), or `by(...)`, `count()`, `avg(duration)` of a spanset. */
  readonly name: string;
  readonly value: TypedValue;
}

export interface ResultSpan {
  readonly spanId: string;
  readonly name: string;
  readonly startUnixNano: string;
  readonly durationNano: string;
  /** Values of the fields that the query names or selects, where the span has them; each once, in the order of the text. */
  readonly values: readonly NamedValue[];
}

export interface ResultSpanset {
  /** Spans that matched; `spans` holds the first of them by start. */
  readonly matched: number;
  /** What `by()` and aggregates found. */
  readonly values: readonly NamedValue[];
  readonly spans: readonly ResultSpan[];
}

export interface ResultTrace {
  readonly traceId: string;
  readonly startUnixNano: string;
  readonly durationNano: string;
  /** Absent while the root span has not arrived. */
  readonly rootService?: string;
  readonly rootName?: string;
  readonly spanCount: number;
  readonly errorCount: number;
  /** Spans and errors by service. */
  readonly services: Readonly<Record<string, { readonly spans: number; readonly errors: number }>>;
  readonly spansets: readonly ResultSpanset[];
}

/** What an answer cost, as the engine counted it; what only leads to the spans is left out. */
export interface ReadCost {
  readonly rows: number;
  /** Uncompressed bytes of the columns that were read. */
  readonly bytes: number;
  /** Traces that were looked at one by one. */
  readonly traces: number;
  readonly milliseconds: number;
  /** How it was answered: `rollup`, `spans`, `traces`; lists for completion also from the `catalogue`. */
  readonly plan: string;
}

export interface TraceqlSearchResult {
  readonly traces: readonly ResultTrace[];
  /** Absent on the last page. */
  readonly nextCursor?: string;
  readonly cost: ReadCost;
}

export interface MetricSample {
  /** End of the step, milliseconds since 1970. */
  readonly timeMs: number;
  readonly value: number;
}

export interface MetricExemplar {
  readonly traceId: string;
  readonly spanId: string;
  readonly timeMs: number;
  readonly value: number;
}

export interface MetricSeries {
  /** In the order of `by()`; `__name__`, `p`, `__bucket`, `__meta_type` where TraceQL has them. */
  readonly labels: readonly NamedValue[];
  /** Ascending; gaps are absent unless the function has a zero. */
  readonly samples: readonly MetricSample[];
  readonly exemplars: readonly MetricExemplar[];
}

export interface TraceqlMetricsResult {
  readonly series: readonly MetricSeries[];
  /** Set when there were more series than asked for: the message for the user. */
  readonly partial?: string;
  readonly cost: ReadCost;
}

export interface TagNames {
  readonly scope: "span" | "resource" | "event" | "link" | "instrumentation" | "intrinsic";
  readonly names: readonly string[];
}

export interface TagValue {
  readonly type: "string" | "int" | "float" | "bool" | "duration" | "keyword";
  readonly value: string;
  /** Estimated spans with it; 0 where unknown. */
  readonly count: number;
}

export interface TagNamesResult {
  readonly scopes: readonly TagNames[];
  readonly cost: ReadCost;
}

export interface TagValuesResult {
  readonly values: readonly TagValue[];
  readonly cost: ReadCost;
}
