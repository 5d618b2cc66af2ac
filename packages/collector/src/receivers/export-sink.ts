// The contract between receivers and whatever makes spans durable. Receivers know sockets and
// protocols; a sink knows batches and disks; only these types pass between them.

export type Signal = "traces" | "logs";

export interface ExportRequest {
  readonly signal: Signal;
  readonly encoding: "protobuf" | "json";
  readonly tenant: string;
  /** decompressed request body; owned by the sink from now on */
  readonly body: Uint8Array;
}

/** What became of a request whose spans are durable now. */
export interface ExportOutcome {
  readonly rejected: number;
  readonly message: string | undefined;
}

export interface ExportSink {
  /**
   * Resolves once every accepted record would survive kill -9 and a power cut. Rejects with
   * ClewError: malformed_payload (permanent), overloaded or unavailable (retry, retryAfterMs),
   * internal.
   */
  export(request: ExportRequest): Promise<ExportOutcome>;
  /**
   * Bytes that may still be taken in before the sink is over its budget; receivers refuse early
   * (before reading a body) when 0.
   */
  readonly freeBytes: number;
}
