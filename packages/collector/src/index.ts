export type { IngestOptions } from "./ingest/ingest-options.ts";
export {
  type IngestDependencies,
  IngestPipeline,
  type SegmentStore,
} from "./ingest/ingest-pipeline.ts";
export type { IngestStats } from "./ingest/ingest-stats.ts";
export * from "./receivers/index.ts";
export type { SamplingAnswer, SamplingSource } from "./sampling/sampling-source.ts";
