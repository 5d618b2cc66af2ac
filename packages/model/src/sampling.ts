// Rates of sampling: what an operator says, what a tracer is told, and what is seen of it.

/**
 * How the traces that begin in a service are sampled. At most one of `probability`, `tracesPerSecond` and
 * `targetPerSecond` is there; without any of them every trace is kept.
 */
export interface ServiceSampling {
  /** Share of the traces to keep, 0..1. */
  readonly probability?: number;
  /** Most traces that each process of the service keeps a second; a whole number. */
  readonly tracesPerSecond?: number;
  /** Requests a second to keep of the whole service: the probability follows from the rate that is seen. */
  readonly targetPerSecond?: number;
  /** Bounds of the probability that is computed for `targetPerSecond`. */
  readonly minProbability?: number;
  readonly maxProbability?: number;
  /** Probability while no rate is known; by default the upper bound. */
  readonly initialProbability?: number;
  /** Whether `targetPerSecond` is each operation's rather than the service's. */
  readonly perOperation?: boolean;
  /** Share of the traces to keep of those that begin with a span of this name. */
  readonly operations?: Readonly<Record<string, number>>;
}

/** What the tracers of a service are told: a share of all traces, or a rate in each process. */
export type SamplingStrategy =
  | {
      readonly probability: number;
      /** Shares of those that begin with a span of this name. */
      readonly operations: ReadonlyMap<string, number>;
    }
  | { readonly tracesPerSecond: number };

/** Who said how a service is sampled: this API, the file, or nobody; of the service itself or of all. */
export type SamplingSource = "api" | "file" | "api default" | "file default" | "built in";

/** Requests as they were made, going by adjusted counts, and as their spans arrived; a second. */
export interface SampledRate {
  readonly madePerSecond: number;
  readonly keptPerSecond: number;
}

/** How a service is sampled now, and what is seen of it. */
export interface SamplingStatus {
  readonly service: string;
  readonly source: SamplingSource;
  readonly sampling: ServiceSampling;
  /** What its tracers are told now; absent for a rate limit, which is theirs to keep. */
  readonly probability?: number;
  /** Operations that are told something else, at most a thousand, by name. */
  readonly operations: readonly { readonly operation: string; readonly probability: number }[];
  /** Over the last two minutes or so; absent for a service that sent nothing. */
  readonly seen?: SampledRate;
  /** When one of its tracers last asked, nanoseconds since 1970; absent if none has since the start. */
  readonly askedUnixNano?: string;
}

/** All of a tenant's rates. */
export interface SamplingOverview {
  /** For services that nothing is said about. */
  readonly default: { readonly source: SamplingSource; readonly sampling: ServiceSampling };
  /** Services that something is said about, that were seen lately or that have asked, by name. */
  readonly services: readonly SamplingStatus[];
  /** What is wrong with the file of rates; its last good version counts. */
  readonly fileError?: string;
}
