// The load generator as a library: benchmarks and crash tests send and recompute the same spans.

export { AckedLog, type AckedRequest, parseAckedLog } from "./acked-log.ts";
export { BatchStream, type OutgoingBatch, type StreamOptions } from "./batch-stream.ts";
export { type Batch, BlockGenerator } from "./block-generator.ts";
export { type ExpectedSpan, expectedBatch, expectedSpans, listSpans } from "./expected.ts";
export {
  completeOptions,
  type LoadOptions,
  planOf,
  type TransportName,
  transports,
} from "./load-options.ts";
export { LoadCounters, type LoadReport, progressLine, reportText } from "./load-report.ts";
export {
  BATCHES_PER_BLOCK,
  blockOf,
  blockSpans,
  defaultPlan,
  type LoadPlan,
  makePlan,
} from "./plan.ts";
export { type LoadObserver, runLoad } from "./run-load.ts";
