// What the main thread and the collector thread say to each other. Everything here survives structured
// cloning: plain data only.

import type {
  IngestOptions,
  IngestStats,
  ReceiverStats,
  ReceiverTls,
  SamplingAnswer,
} from "@clew/collector";
import type { SealedSegment } from "@clew/storage";

/** What the collector thread is started with. */
export interface CollectorSettings {
  readonly spoolDirectory: string;
  readonly receivers: {
    readonly host: string;
    readonly httpPort: number | undefined;
    readonly grpcPort: number | undefined;
    readonly samplingPort: number | undefined;
    readonly maxBodyBytes: number;
    readonly maxReadingBytes: number;
    readonly corsOrigins: readonly string[];
    readonly tenantHeaders: readonly string[];
    readonly tls: ReceiverTls | undefined;
  };
  readonly ingest: Partial<IngestOptions>;
  readonly retentionDays: number;
  readonly tenantRetentionDays: Readonly<Record<string, number>>;
}

/** An error as plain data; the class does not survive the way between threads. */
export interface PlainError {
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
}

export interface CollectorStats {
  readonly ingest: IngestStats;
  readonly receivers: ReceiverStats;
  /** Acknowledged bytes that the engine does not have yet. */
  readonly spoolBytes: number;
  /** Bytes that senders may still send before they are asked to wait. */
  readonly freeBytes: number;
}

export type ToMain =
  | {
      readonly type: "ready";
      readonly httpPort: number | undefined;
      readonly grpcPort: number | undefined;
      readonly samplingPort: number | undefined;
    }
  | { readonly type: "failed"; readonly error: PlainError }
  | { readonly type: "segment"; readonly segment: SealedSegment }
  | { readonly type: "trouble"; readonly message: string; readonly error: string | undefined }
  /** A tracer asks for its rates; `id` comes back with them. */
  | {
      readonly type: "sampling";
      readonly id: number;
      readonly tenant: string;
      readonly service: string;
    }
  | { readonly type: "stats"; readonly stats: CollectorStats }
  | { readonly type: "stopped" };

export type ToCollector =
  | {
      readonly type: "inserted";
      readonly id: string;
      /** Undefined: the store closes, the segment stays in the spool. */
      readonly outcome:
        | { readonly ok: true }
        | { readonly ok: false; readonly reason: string }
        | undefined;
    }
  | { readonly type: "sampled"; readonly id: number; readonly answer: SamplingAnswer }
  /** Answers of before do not count any more. */
  | { readonly type: "sampling-changed" }
  | { readonly type: "stop"; readonly graceMs: number };
