// Sends batches: a queue with a byte budget, adaptive concurrency, retries, and the disk for what does not fit
// or cannot be sent. What has to be dropped is counted, ordinary spans before errors and first spans.

// Not the global ones, which test runners and DOM shims replace by such as know no `unref`.
import { clearTimeout, setTimeout } from "node:timers";
import { complain } from "../complaints.ts";
import type { ExportSettings } from "../config/settings.ts";
import { loadPart } from "../load-part.ts";
import { type Batch, batchBody, batchBytes, batchSpans, splitBatch } from "./batch.ts";
import { Concurrency } from "./concurrency.ts";
import type { Delivery, DeliveryCounts } from "./delivery.ts";
import { type Carrier, Drain, type DrainOwner } from "./drain.ts";
import { backoffMs, TOO_LARGE } from "./retry.ts";
import type { Spill } from "./spill.ts";

/**
 * A backend that has not answered for so long may stay away: what waits goes to the disk, where it outlives `kill -9`.
 * Shorter ones, as when it is started anew, cost no writes. Milliseconds.
 */
const AWAY_MS = 3000;

interface Flush {
  readonly done: (complete: boolean) => void;
}

/** A delivery over HTTP. */
export class Sender implements Delivery {
  readonly #settings: ExportSettings;
  readonly #carrier: Carrier;
  readonly #spill: Spill | undefined;
  readonly #drain: Drain | undefined;
  readonly #concurrency: Concurrency;
  #queue: Batch[] = [];
  readonly #sending = new Set<Batch>();
  #bytes = 0;
  #failures = 0;
  /** Since when the backend does not take anything, by performance.now(). */
  #awaySinceMs = Number.POSITIVE_INFINITY;
  /** Some of what was pushed waits on the disk for the backend to come back. */
  #owing = false;
  /** Somebody has waited in vain: nobody shall wait again before the backend answers. */
  #silent = false;
  #pause: NodeJS.Timeout | undefined;
  readonly #flushes = new Set<Flush>();
  #untoldDrops = 0;
  #delivered = 0;
  #dropped = 0;
  #spilled = 0;

  constructor(settings: ExportSettings, carrier: Carrier, spill: Spill | undefined) {
    this.#settings = settings;
    this.#carrier = carrier;
    this.#spill = spill;
    this.#drain = spill === undefined ? undefined : new Drain(carrier, spill, this.#drainOwner());
    this.#concurrency = new Concurrency(settings.maxConcurrency);
  }

  #drainOwner(): DrainOwner {
    return {
      calm: () => this.#flushes.size === 0 || this.#owing,
      pausing: () => this.#pause !== undefined,
      delivered: (spans) => {
        this.#answered();
        this.#delivered += spans;
      },
      dropped: (spans, reason) => this.#countDrops(spans, reason),
      drained: (complete) => {
        if (complete) this.#owing = false;
        else if (this.#owing) this.#settle(false);
        this.#pump(false);
      },
    };
  }

  get counts(): DeliveryCounts {
    return { delivered: this.#delivered, dropped: this.#dropped, spilled: this.#spilled };
  }

  get pending(): boolean {
    return this.#queue.length > 0 || this.#sending.size > 0 || this.#drain?.running === true;
  }

  /** Milliseconds that the end of the process may wait for this backend. */
  get patienceMs(): number {
    const { exitMs } = this.#settings;
    // A backend that answers, but slowly, is worth waiting for: what arrives need not lie on a disk.
    return this.#failures > 0
      ? exitMs
      : Math.max(exitMs, Math.min(2000, this.#concurrency.usualMs * 4));
  }

  takeDrops(): number {
    const drops = this.#untoldDrops;
    this.#untoldDrops = 0;
    return drops;
  }

  push(batch: Batch): void {
    this.#queue.push(batch);
    this.#bytes += batchBytes(batch);
    if (this.#bytes > this.#settings.queueBytes) this.#makeRoom();
    if (this.#pause !== undefined) this.#saveQueue();
    this.#pump();
  }

  /** The backend takes what it is given. */
  #answered(): void {
    this.#failures = 0;
    this.#silent = false;
    this.#awaySinceMs = Number.POSITIVE_INFINITY;
  }

  /** Puts what waits for a backend that is away where it outlives the process, as far as it fits there. */
  #saveQueue(): void {
    if (performance.now() - this.#awaySinceMs < AWAY_MS) return;
    for (let oldest = this.#queue[0]; oldest !== undefined; oldest = this.#queue[0]) {
      if (!this.#toDisk(oldest)) return;
      this.#queue.shift();
      this.#bytes -= batchBytes(oldest);
      this.#owing = true;
    }
  }

  #makeRoom(): void {
    while (this.#bytes > this.#settings.queueBytes) {
      const oldest = this.#queue[0];
      if (oldest === undefined) return; // the rest is on its way
      if (this.#toDisk(oldest)) {
        this.#queue.shift();
        this.#bytes -= batchBytes(oldest);
      } else this.#dropSomething();
    }
  }

  #toDisk(batch: Batch): boolean {
    const spans = batchSpans(batch);
    if (this.#spill?.write(batchBody(batch), spans) !== true) return false;
    this.#spilled += spans;
    return true;
  }

  #dropSomething(): void {
    const batch = this.#queue.find((each) => each.ordinary !== undefined);
    if (batch?.ordinary === undefined || batch.important === undefined) {
      const first = batch ?? this.#queue[0];
      if (first !== undefined) this.#drop(first);
      return;
    }
    this.#bytes -= batch.ordinary.length;
    this.#countDrops(batch.ordinarySpans, "the queue is full");
    batch.ordinary = undefined;
    batch.ordinarySpans = 0;
  }

  #drop(batch: Batch): void {
    this.#queue.splice(this.#queue.indexOf(batch), 1);
    this.#bytes -= batchBytes(batch);
    this.#untoldDrops += batch.reportedDrops;
    this.#countDrops(batchSpans(batch), "the queue is full");
  }

  #countDrops(spans: number, reason: string): void {
    this.#dropped += spans;
    this.#untoldDrops += spans;
    complain(`spans are being dropped: ${reason} (${this.#settings.url})`);
  }

  #pump(drain = true): void {
    if (this.#pause !== undefined) return;
    while (this.#sending.size < this.#concurrency.limit) {
      const batch = this.#queue.shift();
      if (batch === undefined) break;
      void this.#send(batch);
    }
    if (this.pending) return;
    // What lies on the disk is what the backend is asked with while nothing else is there.
    if (this.#owing && drain) this.drain();
    if (this.#drain?.running === true) return;
    this.#settle(!this.#owing);
    if (drain && this.#failures === 0 && this.#delivered > 0) this.drain();
  }

  async #send(batch: Batch): Promise<void> {
    this.#sending.add(batch);
    const full = this.#sending.size >= this.#concurrency.limit;
    const startMs = performance.now();
    const outcome = await this.#carrier.send(batchBody(batch));
    if (!this.#sending.delete(batch)) return; // written to the disk meanwhile
    const spans = batchSpans(batch);
    switch (outcome.kind) {
      case "taken":
        this.#answered();
        this.#concurrency.succeeded(performance.now() - startMs, full);
        this.#delivered += spans - outcome.rejected;
        this.#bytes -= batchBytes(batch);
        if (outcome.rejected > 0) this.#countDrops(outcome.rejected, outcome.message);
        break;
      case "retry":
        this.#awaySinceMs = Math.min(this.#awaySinceMs, startMs);
        this.#retry(batch, outcome.afterMs, outcome.message);
        break;
      case "too_large":
        this.#split(batch);
        break;
      case "refused":
        this.#bytes -= batchBytes(batch);
        this.#countDrops(spans, outcome.message);
        break;
      default:
        outcome satisfies never;
    }
    this.#pump();
  }

  #retry(batch: Batch, afterMs: number | undefined, message: string): void {
    // Requests that were on their way together fail together: that is one failure, not one each.
    if (this.#pause === undefined) this.#failures++;
    this.#concurrency.overloaded();
    this.#queue.unshift(batch);
    complain(`spans cannot be sent and are kept: ${message} (${this.#settings.url})`);
    if (this.#flushes.size > 0) this.#settle(false);
    this.#saveQueue();
    if (this.#pause !== undefined) return;
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#pump();
    }, afterMs ?? backoffMs(this.#failures)).unref();
  }

  /** The backend takes no requests of this size. */
  #split(batch: Batch): void {
    this.#bytes -= batchBytes(batch);
    const halves = splitBatch(batch);
    if (halves === undefined) this.#countDrops(batchSpans(batch), TOO_LARGE);
    else {
      this.#queue.unshift(...halves);
      for (const half of halves) this.#bytes += batchBytes(half);
    }
  }

  drain(): void {
    this.#drain?.begin();
  }

  flush(ms: number): Promise<boolean> {
    if (!this.pending && !this.#owing) return Promise.resolve(true);
    return new Promise((resolve) => {
      const flush: Flush = {
        done: (complete) => {
          clearTimeout(timer);
          this.#flushes.delete(flush);
          resolve(complete);
        },
      };
      // Keeps the process alive, on purpose, for as long as somebody waits.
      const timer = setTimeout(() => {
        this.#silent = true;
        flush.done(false);
      }, ms);
      this.#flushes.add(flush);
      if (this.#pause !== undefined) {
        clearTimeout(this.#pause);
        this.#pause = undefined;
      }
      this.#pump();
    });
  }

  #settle(complete: boolean): void {
    for (const flush of this.#flushes) flush.done(complete);
  }

  keep(batch: Batch | undefined): void {
    if (batch === undefined) this.#spill?.keep(undefined, 0);
    else this.#spill?.keep(batchBody(batch), batchSpans(batch));
  }

  spill(send: boolean, heir?: (batches: readonly Batch[]) => void): void {
    this.#spill?.keep(undefined, 0);
    this.#spill?.newFile();
    const left = [...this.#sending, ...this.#queue];
    this.#sending.clear();
    this.#queue = [];
    this.#bytes = 0;
    if (left.length === 0 || heir !== undefined) {
      if (left.length > 0) heir?.(left);
      this.#spill?.release();
      return;
    }
    const onDisk = left.map((batch) => this.#toDisk(batch));
    if (send && !this.#silent && this.#failures === 0 && this.#sendNow(left))
      this.#spill?.forgetFile();
    else if (onDisk.includes(false))
      complain("spans are lost at exit: they fit nowhere on the disk");
    this.#spill?.release();
  }

  stop(): void {
    clearTimeout(this.#pause);
    this.#drain?.stop();
    this.#spill?.keep(undefined, 0);
    this.#spill?.stop();
  }

  #sendNow(batches: readonly Batch[]): boolean {
    const { exitMs } = this.#settings;
    if (exitMs === 0) return false;
    const part = loadPart("send-at-exit") as typeof import("../parts/send-at-exit.ts");
    return part.sendAtExit(this.#settings, batches.map(batchBody), exitMs);
  }
}
