// RED and service-graph metrics under the names that Tempo's metrics generator gives them, as the small
// Prometheus API reads them. The rollups hold what happened in each minute, so series are increments: a
// counter's rate over a window is the sum of its increments in the window by the window's length. Errors are
// ClewErrors: `bad_request` (a malformed pattern, a step that is not whole minutes), `limit_exceeded`,
// `cancelled`, `unavailable`.

import type { TimeRange } from "@clew/model";

/** Families; a histogram is asked for by its family and answers with `_bucket`, `_sum` and `_count` at once. */
export const redMetrics = {
  traces_spanmetrics_calls_total: "counter",
  traces_spanmetrics_latency: "histogram",
  traces_service_graph_request_total: "counter",
  traces_service_graph_request_failed_total: "counter",
  traces_service_graph_request_server_seconds: "histogram",
  traces_service_graph_request_client_seconds: "histogram",
} as const;

export type RedMetric = keyof typeof redMetrics;

/** As in Prometheus: an absent label is the empty text, patterns are RE2 and anchored at both ends. */
export interface LabelMatcher {
  readonly name: string;
  readonly operator: "=" | "!=" | "=~" | "!~";
  readonly value: string;
}

export interface RedSeriesQuery {
  readonly tenant: string;
  readonly metric: RedMetric;
  /** On the labels of the family; neither `__name__` nor `le`. */
  readonly matchers: readonly LabelMatcher[];
  /** Widened to whole steps. */
  readonly range: TimeRange;
  /** Whole minutes. Steps start at multiples of it since 1970. */
  readonly stepNano: bigint;
  /** More series than this are refused with `limit_exceeded`. */
  readonly maxSeries: number;
}

/** Labels of spanmetrics: service, span_name, span_kind, status_code; of the service graph: client, server, connection_type. */
export type RedLabels = Readonly<Record<string, string>>;

/** What was added in each step; counts are adjusted for sampling. Steps without anything are zero. */
export interface RedIncrements {
  readonly labels: RedLabels;
  readonly count: Float64Array;
  /** Seconds. Histograms only. */
  readonly sum?: Float64Array;
  /** `buckets[b][step]`: how many lasted at most `bounds[b]` seconds (cumulative over bounds). Histograms only; +Inf is `count`. */
  readonly buckets?: readonly Float64Array[];
}

export interface RedSeriesAnswer {
  /** Start of the first step; step i is the half-open [start + i * step, start + (i + 1) * step). */
  readonly startNano: bigint;
  readonly stepNano: bigint;
  readonly steps: number;
  /** Upper bounds of the buckets in seconds, ascending, without +Inf. Empty for counters. */
  readonly bounds: readonly number[];
  /** Ordered by their labels. */
  readonly series: readonly RedIncrements[];
}

export interface RedSeriesReader {
  series(query: RedSeriesQuery, signal?: AbortSignal): Promise<RedSeriesAnswer>;
  /** The label sets alone, for `/series`, `/labels` and `/label/.../values`. */
  labelSets(
    query: Omit<RedSeriesQuery, "stepNano">,
    signal?: AbortSignal,
  ): Promise<readonly RedLabels[]>;
}
