// The metrics that the Prometheus API serves: Tempo's names for RED of spans and for the service graph.

import type { EdgeSeriesLabel, SpanSeriesLabel } from "@clew/storage";

export type SeriesLabel = SpanSeriesLabel | EdgeSeriesLabel;

/** Labels by where a metric's numbers come from. */
interface SourceLabels {
  readonly spans: SpanSeriesLabel;
  readonly edges: EdgeSeriesLabel;
}

/** What of a series' growth a metric shows. */
export type MetricPart = "count" | "errors" | "seconds" | "bucket";

export interface Metric {
  readonly name: string;
  readonly source: keyof SourceLabels;
  readonly part: MetricPart;
  readonly type: "counter" | "histogram";
  readonly help: string;
}

export const sourceLabels: {
  readonly [S in keyof SourceLabels]: readonly SourceLabels[S][];
} = {
  spans: ["service", "span_name", "span_kind", "status_code"],
  edges: ["client", "server", "connection_type"],
};

/** Upper bounds in seconds, as Tempo has them: 2 ms to 16 s for spans, 0.1 to 12.8 s for calls. */
export const bucketBounds: Readonly<Record<Metric["source"], readonly number[]>> = {
  spans: Array.from({ length: 14 }, (_, i) => (2 * 2 ** i) / 1000),
  edges: Array.from({ length: 8 }, (_, i) => (1 * 2 ** i) / 10),
};

function histogram(name: string, source: Metric["source"], help: string): Metric[] {
  const parts = [
    ["_bucket", "bucket"],
    ["_sum", "seconds"],
    ["_count", "count"],
  ] as const;
  return parts.map(([suffix, part]) => ({
    name: name + suffix,
    source,
    part,
    type: "histogram",
    help,
  }));
}

export const metrics: readonly Metric[] = [
  {
    name: "traces_spanmetrics_calls_total",
    source: "spans",
    part: "count",
    type: "counter",
    help: "Spans, adjusted for sampling.",
  },
  ...histogram("traces_spanmetrics_latency", "spans", "Duration of spans in seconds."),
  {
    name: "traces_service_graph_request_total",
    source: "edges",
    part: "count",
    type: "counter",
    help: "Calls between services and to databases, queues and other peers.",
  },
  {
    name: "traces_service_graph_request_failed_total",
    source: "edges",
    part: "errors",
    type: "counter",
    help: "Calls that failed.",
  },
  ...histogram(
    "traces_service_graph_request_server_seconds",
    "edges",
    "Duration of calls in seconds.",
  ),
  ...histogram(
    "traces_service_graph_request_client_seconds",
    "edges",
    "Duration of calls in seconds, as the caller saw them.",
  ),
];

/** Name of the family that a metric is a part of: without `_bucket`, `_sum`, `_count` of a histogram. */
export function familyName({ name, type }: Metric): string {
  return type === "histogram" ? name.replace(/_(bucket|sum|count)$/, "") : name;
}
