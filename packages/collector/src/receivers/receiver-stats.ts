// Counters of the receivers, plain numbers that /metrics reads.

import type { ByteBudget } from "./byte-budget.ts";
import type { Signal } from "./export-sink.ts";

export type Transport = "http" | "grpc";

/** Counters since the start, and gauges of what is in flight now. */
export interface ReceiverStats {
  /**
   * Answered requests by `signal/transport/code`: the code is an HTTP status ("traces/http/200"), a
   * gRPC status name ("logs/grpc/UNAVAILABLE"), or "aborted" when the sender left before the answer.
   * Signal is "other" where the path or method is none of ours.
   */
  readonly requests: Record<string, number>;
  /** Bytes of request bodies after decompression that were handed to the sink. */
  readonly bodyBytes: Record<Transport, number>;
  /** Requests that have begun and are not answered yet. */
  readonly inFlight: Record<Transport, number>;
  /** Bytes held now by requests that are being read and decompressed. */
  readonly readingBytes: number;
}

/** Fresh counters; `readingBytes` follows `budget`. */
export function createStats(budget: ByteBudget): ReceiverStats {
  return {
    requests: {},
    bodyBytes: { http: 0, grpc: 0 },
    inFlight: { http: 0, grpc: 0 },
    get readingBytes() {
      return budget.usedBytes;
    },
  };
}

/** Counts one answered request. */
export function countRequest(
  stats: ReceiverStats,
  signal: Signal | "other",
  transport: Transport,
  code: string | number,
): void {
  const key = `${signal}/${transport}/${code}`;
  stats.requests[key] = (stats.requests[key] ?? 0) + 1;
}
