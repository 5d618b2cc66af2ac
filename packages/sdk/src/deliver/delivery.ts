// What the core asks of the part that sends. It is an interface because the part is loaded late.

import type { Batch } from "./batch.ts";

/** Spans by what became of them. */
export interface DeliveryCounts {
  readonly delivered: number;
  readonly dropped: number;
  readonly spilled: number;
}

/** Sends batches, keeps what cannot be sent. */
export interface Delivery {
  /** Takes a batch over. */
  push(batch: Batch): void;
  /** Drops that no batch has told the backend about yet; from now on they count as told. */
  takeDrops(): number;
  /** Whether anything is queued or on its way. */
  readonly pending: boolean;
  /** Resolves when all is sent, or false after `ms` milliseconds or when nothing more can be sent. */
  flush(ms: number): Promise<boolean>;
  /** Milliseconds that the end of the process may wait. */
  readonly patienceMs: number;
  /** Sends what earlier processes left on the disk. */
  drain(): void;
  /** What a next start shall be told of open spans if this process ends without a word. */
  keep(batch: Batch | undefined): void;
  /**
   * Writes all that is left to the disk, synchronously; with `send` it then tries to send it, also
   * synchronously, and takes back from the disk what has arrived. An `heir` gets everything instead.
   */
  spill(send: boolean, heir?: (batches: readonly Batch[]) => void): void;
  /** Stops timers. */
  stop(): void;
  readonly counts: DeliveryCounts;
}
