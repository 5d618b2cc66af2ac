// Where the sender takes batches from: generator threads that work a few batches ahead, or the
// sender's own thread.

import { Worker } from "node:worker_threads";
import { BatchStream, type OutgoingBatch, type StreamOptions } from "./batch-stream.ts";

/** A run's batches. After the last one `next` resolves to undefined. */
export interface BatchSource {
  next(): Promise<OutgoingBatch | undefined>;
  close(): Promise<void>;
}

// Batches made ahead by each thread.
const AHEAD = 6;

/** Generates in the calling thread, on demand. */
export function inlineSource(options: Omit<StreamOptions, "first" | "step">): BatchSource {
  const stream = new BatchStream({ ...options, first: 0, step: 1 });
  return { next: () => Promise.resolve(stream.next()), close: () => Promise.resolve() };
}

type Waiting = PromiseWithResolvers<OutgoingBatch | undefined>;

class ThreadedSource implements BatchSource {
  readonly #workers: Worker[] = [];
  readonly #ready: { readonly batch: OutgoingBatch; readonly worker: Worker }[] = [];
  readonly #waiting: Waiting[] = [];
  #running: number;
  #failure: Error | undefined;

  constructor(options: Omit<StreamOptions, "first" | "step">, threads: number) {
    this.#running = threads;
    for (let first = 0; first < threads; first++) {
      const workerData: StreamOptions = { ...options, first, step: threads };
      const worker = new Worker(new URL("./generator-thread.ts", import.meta.url), { workerData });
      worker.on("message", (batch: OutgoingBatch | undefined) => this.#take(worker, batch));
      worker.on("error", (error) =>
        this.#fail(error instanceof Error ? error : new Error(String(error))),
      );
      for (let i = 0; i < AHEAD; i++) worker.postMessage(undefined);
      this.#workers.push(worker);
    }
  }

  next(): Promise<OutgoingBatch | undefined> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const first = this.#ready.shift();
    if (first !== undefined) {
      first.worker.postMessage(undefined);
      return Promise.resolve(first.batch);
    }
    if (this.#running === 0) return Promise.resolve(undefined);
    const waiting: Waiting = Promise.withResolvers();
    this.#waiting.push(waiting);
    return waiting.promise;
  }

  async close(): Promise<void> {
    this.#running = 0;
    for (const waiting of this.#waiting.splice(0)) waiting.resolve(undefined);
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #take(worker: Worker, batch: OutgoingBatch | undefined): void {
    if (batch === undefined) {
      this.#end(worker);
      return;
    }
    const waiting = this.#waiting.shift();
    if (waiting === undefined) {
      this.#ready.push({ batch, worker });
      return;
    }
    worker.postMessage(undefined);
    waiting.resolve(batch);
  }

  // A thread answers every credit that is left with "nothing more"; only the first one counts.
  #end(worker: Worker): void {
    worker.removeAllListeners("message");
    this.#running--;
    if (this.#running > 0) return;
    for (const waiting of this.#waiting.splice(0)) waiting.resolve(undefined);
  }

  #fail(error: Error): void {
    this.#failure = error;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(error);
  }
}

/** A source with `threads` generator threads; 0 generates in the calling thread. */
export function openSource(
  options: Omit<StreamOptions, "first" | "step">,
  threads: number,
): BatchSource {
  return threads === 0 ? inlineSource(options) : new ThreadedSource(options, threads);
}
