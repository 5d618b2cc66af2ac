export type { ExportOutcome, ExportRequest, ExportSink, Signal } from "./export-sink.ts";
export type { ReceiverOptions, ReceiverTls } from "./receiver-options.ts";
export type { ReceiverStats } from "./receiver-stats.ts";
export { type Receivers, startReceivers } from "./receivers.ts";
