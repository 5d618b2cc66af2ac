// Runs a load: lanes take batches from the generator, wait for their turn, send, and send again what
// the server asked them to. The spans of a repeated request are the same bytes.

import type { AckedRequest } from "./acked-log.ts";
import { type BatchSource, openSource } from "./batch-source.ts";
import type { OutgoingBatch } from "./batch-stream.ts";
import { completeOptions, type LoadOptions, planOf, startNanoOf } from "./load-options.ts";
import { LoadCounters, type LoadReport } from "./load-report.ts";
import { backoffMs, Pacer, wait } from "./pacing.ts";
import { Random } from "./random.ts";
import type { Lane, LaneOptions } from "./transport.ts";

/** How a caller follows a run. */
export interface LoadObserver {
  /** Every second: counters so far and seconds since the start. */
  readonly onProgress?: (counters: LoadCounters, seconds: number) => void;
  readonly onAcked?: (request: AckedRequest) => void;
  /** Aborting it ends the run early; requests in flight get two seconds. */
  readonly signal?: AbortSignal;
}

// Requests in flight at the end of --duration or at Ctrl-C get this long to be answered.
const GRACE_MS = 2000;
const RETRY_STREAM = 0xffff_fffd;

async function openLanes(options: LoadOptions): Promise<Lane[]> {
  const { endpoint, tenant, gzip, timeoutMs } = options;
  const laneOptions: LaneOptions = { endpoint, tenant, gzip, timeoutMs };
  const count = options.senders ?? options.concurrency;
  if (options.transport === "grpc") {
    const { grpcLanes } = await import("./grpc-lane.ts");
    return grpcLanes(laneOptions, count, options.senders === undefined);
  }
  const { httpLane } = await import("./http-lane.ts");
  return Array.from({ length: count }, () => httpLane(laneOptions, options.transport === "json"));
}

class LoadRun {
  readonly counters = new LoadCounters();
  readonly #options: LoadOptions;
  readonly #observer: LoadObserver;
  readonly #source: BatchSource;
  readonly #random: Random;
  /** Aborted when no new request may start. */
  readonly #stopping = new AbortController();
  /** Aborted when requests in flight are given up too. */
  readonly #abandoned = new AbortController();
  #pacer = new Pacer(0, 0);
  #startMs = 0;
  #first: OutgoingBatch | undefined;
  #failure: { readonly reason: unknown } | undefined;

  constructor(options: LoadOptions, observer: LoadObserver, source: BatchSource) {
    this.#options = options;
    this.#observer = observer;
    this.#source = source;
    this.#random = new Random(options.seed, RETRY_STREAM);
  }

  async run(lanes: readonly Lane[]): Promise<LoadReport> {
    // The clock starts when the generator is warm: its set-up is not the server's fault.
    this.#first = await this.#source.next();
    const cpu = process.cpuUsage();
    this.#startMs = performance.now();
    this.#pacer = new Pacer(this.#options.rate, this.#startMs);
    const timers = this.#startTimers();
    try {
      const lanesDone = Promise.all(lanes.map((lane, index) => this.#runLane(lane, index)));
      await Promise.race([lanesDone, aborted(this.#abandoned.signal)]);
      if (this.#failure !== undefined) throw this.#failure.reason;
    } finally {
      timers();
    }
    this.counters.unansweredRequests = this.counters.inFlight;
    return this.counters.report(this.#seconds(), process.cpuUsage(cpu));
  }

  /** Ends the run: nothing new is sent, what is in flight gets a grace period. */
  stop(): void {
    if (this.#stopping.signal.aborted) return;
    this.#stopping.abort();
    setTimeout(() => this.#abandoned.abort(), GRACE_MS).unref();
  }

  #seconds(): number {
    return (performance.now() - this.#startMs) / 1000;
  }

  #startTimers(): () => void {
    const { durationMs } = this.#options;
    const { onProgress, signal } = this.#observer;
    const stop = (): void => this.stop();
    const end = durationMs === undefined ? undefined : setTimeout(stop, durationMs);
    const tick = setInterval(() => onProgress?.(this.counters, this.#seconds()), 1000);
    signal?.addEventListener("abort", stop);
    if (signal?.aborted) stop();
    return () => {
      clearTimeout(end);
      clearInterval(tick);
      signal?.removeEventListener("abort", stop);
    };
  }

  async #runLane(lane: Lane, index: number): Promise<void> {
    const { senders, intervalMs } = this.#options;
    const stopping = this.#stopping.signal;
    // Small senders tick with one period but at different times, as processes started apart do.
    let tick = this.#startMs + (index * intervalMs) / (senders ?? 1);
    try {
      while (!stopping.aborted) {
        if (senders !== undefined) {
          await wait(tick - performance.now(), stopping);
          tick = Math.max(tick + intervalMs, performance.now());
        }
        const batch = await this.#take();
        if (batch === undefined || stopping.aborted) return;
        await wait(this.#pacer.book(batch.spans) - performance.now(), stopping);
        if (stopping.aborted) return;
        await this.#deliver(lane, batch);
      }
    } catch (error) {
      this.#failure ??= { reason: error };
      this.stop();
    }
  }

  #take(): Promise<OutgoingBatch | undefined> {
    const first = this.#first;
    if (first === undefined) return this.#source.next();
    this.#first = undefined;
    return Promise.resolve(first);
  }

  async #deliver(lane: Lane, batch: OutgoingBatch): Promise<void> {
    const { counters } = this;
    const abandoned = this.#abandoned.signal;
    const firstMs = performance.now();
    counters.inFlight++;
    for (let attempt = 1; !abandoned.aborted; attempt++) {
      const sentMs = performance.now();
      const reply = await lane.send(batch.body);
      if (abandoned.aborted) return;
      if (reply.type === "accepted") {
        this.#accepted(batch, performance.now() - sentMs, reply.rejectedSpans, reply.message);
        break;
      }
      counters.lastError = reply.reason;
      const overdue = performance.now() - firstMs >= this.#options.giveUpAfterMs;
      if (reply.type === "refused" || overdue) {
        counters.failedRequests++;
        counters.failedSpans += batch.spans;
        break;
      }
      counters.retry(reply.reason);
      await wait(backoffMs(attempt + 1, reply.afterMs, this.#random), abandoned);
    }
    if (!abandoned.aborted) counters.inFlight--;
  }

  #accepted(batch: OutgoingBatch, ms: number, rejected: number, message: string): void {
    const { counters } = this;
    const { sequence, spans, firstTraceId, baseNano } = batch;
    counters.requests++;
    counters.acknowledgedSpans += spans - rejected;
    counters.rejectedSpans += rejected;
    counters.bytes += batch.body.length;
    counters.latency.add(ms);
    if (message !== "") counters.lastError = message;
    this.#observer.onAcked?.({ sequence, spans, rejected, firstTraceId, baseNano });
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
}

/**
 * Generates and sends a load until its spans, its duration or `observer.signal` end it. Throws ClewError
 * `bad_config` for settings that contradict each other; what the server does is in the report, not thrown.
 */
export async function runLoad(
  given: Partial<LoadOptions>,
  observer: LoadObserver = {},
): Promise<LoadReport> {
  const options = completeOptions(given);
  const plan = planOf(options);
  const lanes = await openLanes(options);
  const source = openSource(
    {
      plan,
      startNano: startNanoOf(options, Date.now()),
      json: options.transport === "json",
      gzip: options.gzip && options.transport !== "grpc",
    },
    options.workers,
  );
  try {
    return await new LoadRun(options, observer, source).run(lanes);
  } finally {
    for (const lane of lanes) lane.close();
    await source.close();
  }
}
