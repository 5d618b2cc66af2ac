// How whole the stored traces are: spans without their parents, calls whose other half is missing, clocks that
// disagree. Taken from a sample of traces; counts are of the sample. Also the JSON body of the native API.

export interface TraceHealth {
  /** Traces of the range that were looked at, 0..1. */
  readonly sampledShare: number;
  readonly traces: number;
  readonly spans: number;
  /** Spans that name a parent which is not stored. */
  readonly orphanSpans: number;
  readonly tracesWithOrphans: number;
  /** Traces none of whose spans is a root. */
  readonly rootlessTraces: number;
  /** Spans whose id another span of their trace has. */
  readonly duplicateSpans: number;
  /** Most orphans first. */
  readonly services: readonly ServiceHealth[];
  /** Most broken calls first. */
  readonly propagation: readonly PropagationHealth[];
  /** Largest disagreement first. */
  readonly clocks: readonly ClockHealth[];
}

export interface ServiceHealth {
  readonly service: string;
  readonly spans: number;
  readonly orphanSpans: number;
  readonly duplicateSpans: number;
  /** A trace with an orphan of this service. */
  readonly exampleTraceId?: string;
}

/** Calls from one service to another that sends spans as well. */
export interface PropagationHealth {
  readonly caller: string;
  readonly callee: string;
  readonly calls: number;
  /** Client spans without a server half, although the callee sends spans: the context got lost between them. */
  readonly brokenCalls: number;
  readonly exampleTraceId?: string;
}

/** How far the clock of one host is ahead of another's, as calls between them show. */
export interface ClockHealth {
  readonly callerHost: string;
  readonly calleeHost: string;
  readonly calls: number;
  /** Median of the callee's clock minus the caller's, nanoseconds, as if the way there took as long as the way back. */
  readonly offsetNano: number;
  /** Calls whose server half lies outside the client's: the clocks differ for certain, by at least `leastNano`. */
  readonly certainCalls: number;
  readonly leastNano: number;
  readonly exampleTraceId?: string;
}
