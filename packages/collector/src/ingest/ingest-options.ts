// Tuning of the write path. Times in milliseconds, sizes in bytes.

export interface IngestOptions {
  /** A segment is sealed this long after its first request: spans are searchable soon after. */
  readonly sealAfterMs: number;
  readonly sealAfterRows: number;
  /** Bytes of requests, decompressed. */
  readonly sealAfterBytes: number;
  /**
   * Segments opened within this time share the inserts of their rollups, which appear so much later; one opened
   * after a lull of this time shares with none and waits for none.
   */
  readonly groupForMs: number;
  /** How often rows that no segment brings along are looked for. */
  readonly idleEveryMs: number;
  /** Pause before a segment whose rows could not be made (a full disk) is tried again. */
  readonly retryEveryMs: number;
  /** How long a stop waits for the engine; what it has not taken by then waits for the next start. */
  readonly stopWithinMs: number;
  /** Budget of the spool folder; beyond it senders are asked to retry. */
  readonly spoolMaxBytes: number;
  /**
   * After a restart the logs whose requests were not noted yet (those not sealed at the crash, or of an older
   * build) are read, to know repeats: this many of the newest, and more as long as they are small. It
   * delays the start.
   */
  readonly rememberSegments: number;
  readonly rememberBytes: number;
}

export const ingestDefaults: IngestOptions = {
  sealAfterMs: 750,
  sealAfterRows: 150_000,
  sealAfterBytes: 96 * 1024 * 1024,
  groupForMs: 1_700,
  idleEveryMs: 5_000,
  retryEveryMs: 2_000,
  stopWithinMs: 10_000,
  spoolMaxBytes: 4 * 1024 * 1024 * 1024,
  rememberSegments: 6,
  rememberBytes: 128 * 1024 * 1024,
};
