// The segment that takes requests now: their records as columns, and the log file that makes them
// durable. Requests that arrive while a commit runs share the next one.

import { ClewError } from "@clew/base";
import { LogBatch, SpanBatch } from "@clew/model";
import type { Fingerprint, RecordSeal, WalFile, WalRequest } from "@clew/storage";
import type { SegmentColumns } from "./decode-request.ts";

/** Commits start at least this far apart, so that many small requests share an fsync; large ones do not notice. */
const COMMIT_EVERY_MS = 5;

interface Waiting {
  readonly buffers: readonly Uint8Array[];
  readonly print: Fingerprint;
  /** Rows of the segment up to and including this request. */
  readonly spanRows: number;
  readonly logRows: number;
  readonly resolve: () => void;
  readonly reject: (error: ClewError) => void;
}

/** A segment being filled. After `close` its columns hold exactly the durable requests. */
export class OpenSegment {
  readonly id: string;
  readonly columns: SegmentColumns;
  /** Bytes of requests taken in, durable or not. */
  bytes = 0;
  /** Fingerprints of its durable requests. */
  readonly prints: Fingerprint[] = [];
  readonly #seal: RecordSeal;
  readonly #wal: Promise<WalFile>;
  #queue: Waiting[] = [];
  #committing: Promise<void> | undefined;
  #failure: ClewError | undefined;
  #committedMs = Number.NEGATIVE_INFINITY;
  #durableSpans = 0;
  #durableLogs = 0;

  constructor(id: string, wal: Promise<WalFile>, seal: RecordSeal, columns: SegmentColumns) {
    this.id = id;
    this.#seal = seal;
    this.#wal = wal;
    this.columns = columns;
    wal.catch(() => undefined); // reported to those who wait for it
  }

  /** Resolves when the request, whose records are the last of the columns, is durable. */
  commit(request: WalRequest, print: Fingerprint): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const head = this.#seal.head(request, print);
    this.bytes += head.length + request.body.length;
    return new Promise((resolve, reject) => {
      this.#queue.push({
        buffers: [head, request.body],
        print,
        spanRows: this.columns.spans.length,
        logRows: this.columns.logs.length,
        resolve,
        reject,
      });
      this.#committing ??= this.#commitAll();
    });
  }

  /** Waits for the running commits and closes the log. Returns the log's size in bytes, 0 when there is none. */
  async close(): Promise<number> {
    while (this.#committing !== undefined) await this.#committing;
    this.columns.spans.truncate(this.#durableSpans);
    this.columns.logs.truncate(this.#durableLogs);
    const wal = await this.#wal.catch(() => undefined);
    if (wal === undefined) return 0; // it never came to be: nothing in it was acknowledged
    await wal.close().catch(() => undefined); // what is durable stays so
    return wal.bytes;
  }

  async #commitAll(): Promise<void> {
    while (this.#queue.length > 0) {
      const early = this.#committedMs + COMMIT_EVERY_MS - performance.now();
      if (early > 0) await pause(early);
      this.#committedMs = performance.now();
      const batch = this.#queue;
      this.#queue = [];
      try {
        const wal = await this.#wal;
        await wal.append(batch.flatMap((waiting) => waiting.buffers));
        this.#succeed(batch);
      } catch (error) {
        this.#fail(batch, error);
      }
    }
    this.#committing = undefined;
  }

  #succeed(batch: readonly Waiting[]): void {
    const last = batch.at(-1);
    if (last === undefined) return;
    this.#durableSpans = last.spanRows;
    this.#durableLogs = last.logRows;
    for (const waiting of batch) {
      this.prints.push(waiting.print);
      waiting.resolve();
    }
  }

  #fail(batch: readonly Waiting[], thrown: unknown): void {
    this.#failure =
      thrown instanceof ClewError
        ? thrown
        : new ClewError("unavailable", `cannot write to the spool: ${(thrown as Error).message}`, {
            cause: thrown,
            hint: "check free space and permissions of the data folder",
            retryAfterMs: 5000,
          });
    for (const waiting of [...batch, ...this.#queue]) waiting.reject(this.#failure);
    this.#queue = [];
  }
}

/** Fresh columns for a segment. */
export function newColumns(): SegmentColumns {
  return { spans: new SpanBatch(), logs: new LogBatch() };
}

/** Empties columns, keeping their memory. */
export function clearColumns(columns: SegmentColumns): void {
  columns.spans.clear();
  columns.logs.clear();
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
