export { type ChdbOptions, openChdbEngine } from "./engines/chdb.ts";
export type { Engine, Parameter, QueryLimits, ReadOptions } from "./engines/engine.ts";
export { type InsertOutcome, SegmentInserter } from "./insert/segment-inserter.ts";
export { openRedSeriesReader } from "./planner/metrics/open-red-series-reader.ts";
export { openTraceqlReader } from "./planner/open-traceql-reader.ts";
export { openTraceReader } from "./read/open-trace-reader.ts";
export type * from "./red-series-reader.ts";
export { migrate } from "./schema/migrations.ts";
export { RecentRequests } from "./spool/recent-requests.ts";
export { groupOf, type NativeFile, type SealedSegment, Spool } from "./spool/spool.ts";
export type { WalContents, WalFile } from "./spool/wal-file.ts";
export type { Fingerprint, RecordSeal, WalRequest } from "./spool/wal-record.ts";
export type * from "./trace-reader.ts";
export type * from "./traceql-reader.ts";
export { RollupGroup } from "./write/rollup-group.ts";
export {
  SegmentEncoder,
  type SegmentEncoderOptions,
  type TableBlock,
} from "./write/segment-encoder.ts";
export type { Retention } from "./write/span-facts.ts";
