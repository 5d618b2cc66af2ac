// Increments of the RED and service-graph counters over time, from rollups: what the Prometheus API makes its
// counters of. Labels and their values are those of Tempo's metrics generator. Errors are ClewErrors as in
// trace-reader.ts; `limit_exceeded` also for more series than asked for.

import type { RangeQuery } from "./trace-reader.ts";

/** Labels of `spans`. Values of span_kind and status_code: `SPAN_KIND_SERVER`, `STATUS_CODE_ERROR` ... */
export type SpanSeriesLabel = "service" | "span_name" | "span_kind" | "status_code";
/** Labels of `edges`. connection_type: "" between services, `database`, `messaging_system`, `virtual_node`. */
export type EdgeSeriesLabel = "client" | "server" | "connection_type";

/** A condition as PromQL has it; patterns are RE2 and match the whole value. */
export interface LabelMatcher<L extends string> {
  readonly label: L;
  readonly operator: "=" | "!=" | "=~" | "!~";
  readonly value: string;
}

interface IncrementsQuery<L extends string> extends RangeQuery {
  /** Whole minutes. Step `i` holds the spans that start in `range.startNano + i * stepNano` up to the next step. */
  readonly stepNano: bigint;
  /** All must hold. */
  readonly matchers: readonly LabelMatcher<L>[];
  /** Labels that tell series apart; others are summed over. */
  readonly by: readonly L[];
  /** Whether the distribution of durations is wanted: it costs more than all else. */
  readonly histogram: boolean;
  readonly maxSeries: number;
}

export type SpanIncrementsQuery = IncrementsQuery<SpanSeriesLabel>;
export type EdgeIncrementsQuery = IncrementsQuery<EdgeSeriesLabel>;

/** What one series grew by, adjusted for sampling; every array has one entry a step. */
export interface Increments<L extends string> {
  /** A value for each label of `by`. */
  readonly labels: Readonly<Partial<Record<L, string>>>;
  readonly count: Float64Array;
  /** Of `count`, those with status error. */
  readonly errors: Float64Array;
  /** Summed durations in seconds. */
  readonly seconds: Float64Array;
  /**
   * Weights by bucket, absent unless asked for; bucket `b` holds durations from 2^(b/16) up to 2^((b+1)/16) ns,
   * bucket 0 those from 0.
   */
  readonly histogram?: readonly ReadonlyMap<number, number>[];
}

/** What arrived of a service, or of one of its operations. */
export interface Throughput {
  /** The operation's, where operations were asked for, else the service's. */
  readonly name: string;
  /** Spans that arrived, each counted once. */
  readonly spans: number;
  /** How many they stand for. */
  readonly weight: number;
}

/** Series with nothing in the range are left out; the others come in no particular order. */
export interface RedSeriesReader {
  spanIncrements(
    query: SpanIncrementsQuery,
    signal?: AbortSignal,
  ): Promise<readonly Increments<SpanSeriesLabel>[]>;
  edgeIncrements(
    query: EdgeIncrementsQuery,
    signal?: AbortSignal,
  ): Promise<readonly Increments<EdgeSeriesLabel>[]>;
  /**
   * What arrived of every service, or of the operations of one, in whole minutes; most first. Counts server and consumer
   * spans, and all spans of a service that has none.
   */
  throughput(
    query: RangeQuery & { readonly service?: string; readonly limit: number },
    signal?: AbortSignal,
  ): Promise<readonly Throughput[]>;
}
