// Inserts sealed segments into the engine, one after another, and says what became of each. Trouble of
// the engine (no space, no memory, no connection) is waited out; a segment that the engine refuses for
// its own sake is given up after a few tries, so that it never blocks the rest.

import { ClewError } from "@clew/base";
import type { Engine } from "../engines/engine.ts";
import { engineErrorCode } from "../engines/engine-error.ts";
import type { SealedSegment } from "../spool/spool.ts";

export type InsertOutcome = { readonly ok: true } | { readonly ok: false; readonly reason: string };

export interface SegmentInserterOptions {
  readonly engine: Engine;
  /** Called for every failed try, for the log. */
  readonly onTrouble: (segment: SealedSegment, error: ClewError, attempt: number) => void;
  /** Pause before try `attempt` (from 1); tests shorten it. */
  readonly pauseMs?: (attempt: number) => number;
}

const TRIES_FOR_BAD_DATA = 3;
/** An engine error that nobody thought of: the segment's fault more likely than not after a minute of tries. */
const TRIES_FOR_UNKNOWN = 12;
/**
 * Engine errors of disks, memory, threads and shutdown (ClickHouse's ErrorCodes.cpp) that arrive as
 * `internal`: they pass or need an operator, and are never the segment's fault.
 */
const MACHINE_TROUBLE = new Set([
  75, 76, 77, 78, 88, 172, 173, 236, 305, 424, 439, 473, 481, 499, 1000, 1001, 1002,
]);

function defaultPause(attempt: number): number {
  return Math.min(250 * 2 ** (attempt - 1), 10_000);
}

/** A queue of inserts; one runs at a time. */
export class SegmentInserter {
  readonly #options: SegmentInserterOptions;
  #tail: Promise<unknown> = Promise.resolve();
  #stopped = false;
  #wake: (() => void) | undefined;

  constructor(options: SegmentInserterOptions) {
    this.#options = options;
  }

  /** Inserts a segment after all that were given before; resolves when it is durable or given up. */
  insert(segment: SealedSegment): Promise<InsertOutcome> {
    const outcome = this.#tail.then(() => this.#insertWithRetries(segment));
    this.#tail = outcome.catch(() => undefined);
    return outcome;
  }

  /** Ends waiting for the engine: segments not inserted yet stay in the spool for the next start. */
  stop(): void {
    this.#stopped = true;
    this.#wake?.();
  }

  async #insertWithRetries(segment: SealedSegment): Promise<InsertOutcome> {
    let refusals = 0;
    let unknown = 0;
    for (let attempt = 1; ; attempt++) {
      if (this.#stopped) throw new ClewError("unavailable", "the store is closing");
      try {
        for (const file of segment.files) {
          await this.#options.engine.insertNative(file.table, file.path, file.token);
        }
        return { ok: true };
      } catch (thrown) {
        const error = ClewError.from(thrown);
        this.#options.onTrouble(segment, error, attempt);
        // `bad_request` is the engine's word for data it cannot read.
        if (error.code === "bad_request") refusals++;
        if (
          error.code === "internal" &&
          !MACHINE_TROUBLE.has(engineErrorCode(error.cause ?? error))
        )
          unknown++;
        if (refusals >= TRIES_FOR_BAD_DATA || unknown >= TRIES_FOR_UNKNOWN) {
          return { ok: false, reason: error.message };
        }
        await this.#pause(attempt);
      }
    }
  }

  #pause(attempt: number): Promise<void> {
    if (this.#stopped) return Promise.resolve();
    const ms = (this.#options.pauseMs ?? defaultPause)(attempt);
    return new Promise((resolve) => {
      const timer = setTimeout(done, ms);
      function done(): void {
        clearTimeout(timer);
        resolve();
      }
      this.#wake = done;
    });
  }
}
