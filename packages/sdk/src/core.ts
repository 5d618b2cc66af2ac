// The heart of a running tracer: takes ended spans, seals batches by size and time, and hands them to the
// delivery, which is loaded with the first batch.

// Not the global ones, which test runners and DOM shims replace by such as know no `unref`.
import { clearInterval, clearTimeout, setInterval, setTimeout } from "node:timers";
import { complain } from "./complaints.ts";
import type { SpanObserver } from "./config/options.ts";
import type { ExportSettings, Settings } from "./config/settings.ts";
import type { Batch } from "./deliver/batch.ts";
import type { Delivery } from "./deliver/delivery.ts";
import { Journal } from "./deliver/journal.ts";
import { OpenBatch } from "./deliver/open-batch.ts";
import { loadPart } from "./load-part.ts";
import { encodeResource } from "./resource/encode.ts";
import { ParentBased } from "./sample/parent-based.ts";
import { type Candidate, DROP, type Sampler } from "./sample/sampler.ts";
import { alwaysOff, alwaysOn } from "./sample/simple-samplers.ts";
import { SUPPRESSED, storage } from "./trace/context.ts";
import type { SpanLimits } from "./trace/limits.ts";
import { OpenSpans } from "./trace/open-spans.ts";
import type { Parent, Scope, SpanTaker, TracerCore } from "./trace/scope.ts";
import type { RecordingSpan } from "./trace/span.ts";

const SAMPLED = 1;
const RANDOM = 2;
const SOON_MS = 1000;

/** Numbers about a running tracer. */
export interface TracerStatistics {
  /** Spans ended since the start. */
  readonly ended: number;
  /** Spans given up since the start, and why. */
  readonly dropped: number;
  /** Spans that the backend has taken. */
  readonly delivered: number;
  /** Spans written to the disk, to be sent later. */
  readonly spilled: number;
  /** Spans that have not ended. */
  readonly open: number;
  /**
   * Calls to others that began a trace of their own while a request was served or a message processed, by the scope
   * of their spans: either their context got lost, or they were jobs that ran at the same time.
   */
  readonly lostContext: Readonly<Record<string, number>>;
}

/** Takes spans from tracers and gives batches to the delivery. */
export class Core implements TracerCore, SpanTaker {
  readonly settings: Settings;
  readonly limits: SpanLimits;
  readonly open: OpenSpans = new OpenSpans();
  readonly rootFlags: number;
  readonly sampler: Sampler;
  readonly #batch: OpenBatch;
  #export: ExportSettings;
  readonly #observers: readonly SpanObserver[];
  readonly #everything: boolean;
  readonly #nothing: boolean;
  readonly #follows: boolean;
  /** The event `exit` has come. */
  #over = false;
  #delivery: Delivery | undefined;
  #timer: NodeJS.Timeout | undefined;
  #ticks: NodeJS.Timeout | undefined;
  #ended = 0;
  readonly #lostContext: Record<string, number> = {};
  /** Called at the end of the process, before what is left is sent or written down. */
  beforeSpill: (() => void) | undefined = undefined;
  /** In a thread: takes what is left at its end. */
  heir: ((batches: readonly Batch[]) => void) | undefined = undefined;
  /** Called when all is sent or written down at the end of the process. */
  afterSpill: (() => void) | undefined = undefined;

  constructor(settings: Settings, sampler: Sampler, observers: readonly SpanObserver[]) {
    this.settings = settings;
    this.limits = settings.limits;
    this.#export = settings.export;
    this.sampler = sampler;
    this.rootFlags = settings.randomFlag ? SAMPLED | RANDOM : SAMPLED;
    this.#observers = observers;
    this.#follows = sampler instanceof ParentBased;
    const root = sampler instanceof ParentBased ? sampler.root : sampler;
    this.#everything = root === alwaysOn;
    this.#nothing = root === alwaysOff;
    this.#batch = new OpenBatch(() => encodeResource(settings));
    if (settings.export.enabled && settings.export.spillFolder !== undefined) this.#drainSoon();
  }

  /** What an earlier process left on the disk goes out even when this one has nothing to send. */
  #drainSoon(): void {
    const journal = new Journal(this.open, () => encodeResource(this.settings));
    storage.run(SUPPRESSED, () => {
      setTimeout(() => this.delivery().drain(), SOON_MS).unref();
      this.#ticks = setInterval(() => {
        const batch = journal.next(performance.now());
        if (batch !== "same") this.delivery().keep(batch);
      }, SOON_MS).unref();
    });
  }

  /** Stops timers. */
  stop(): void {
    clearInterval(this.#ticks);
    clearTimeout(this.#timer);
    this.#delivery?.stop();
  }

  /** Spans that end from now on go to the backend at `url`; to none when it is undefined. What waits is forgotten. */
  sendTo(url: string | undefined): void {
    this.#batch.seal(0);
    this.#delivery?.stop();
    this.#delivery = undefined;
    const enabled = url !== undefined;
    this.#export = { ...this.#export, url: url ?? this.#export.url, enabled };
  }

  samplesEverything(parent: Parent | undefined): boolean {
    if (parent === undefined || parent.deferred || !this.#follows) return this.#everything;
    return (parent.flags & SAMPLED) !== 0;
  }

  samplesNothing(parent: Parent | undefined): boolean {
    if (parent === undefined || parent.deferred || !this.#follows) return this.#nothing;
    return (parent.flags & SAMPLED) === 0;
  }

  countLostContext({ name }: Scope): void {
    this.#lostContext[name] = (this.#lostContext[name] ?? 0) + 1;
  }

  decide(candidate: Candidate): number {
    try {
      return this.sampler.decide(candidate);
    } catch {
      return DROP;
    }
  }

  take(scope: Scope, span: RecordingSpan): void {
    this.open.remove(span);
    this.#ended++;
    for (const observer of this.#observers) observer.ended(span, scope.name);
    const { enabled, batchBytes, batchSpans } = this.#export;
    if (!enabled) return;
    const batch = this.#batch;
    batch.add(scope, span);
    if (this.#over) this.spillAll(false);
    else if (batch.bytes >= batchBytes || batch.spans >= batchSpans) this.seal();
    else if (this.#timer === undefined) this.#startTimer();
  }

  #startTimer(): void {
    // Outside of the request's context, which the timer would hold on to and the export would be traced in.
    storage.run(SUPPRESSED, () => {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.seal();
      }, this.settings.export.delayMs).unref();
    });
  }

  /** Hands the open batch over, if anything is in it. */
  seal(): void {
    if (this.#timer !== undefined) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
    if (this.#batch.spans === 0) return;
    try {
      const delivery = this.delivery();
      storage.run(SUPPRESSED, () => delivery.push(this.#batch.seal(delivery.takeDrops())));
    } catch (error) {
      // Called by timers and at the end of the process: an error here would be the application's end.
      this.#batch.failed += this.#batch.spans;
      this.#batch.seal(0);
      complain(`spans are being dropped: ${String(error)}`);
    }
  }

  /** A batch that another thread of this process has left. */
  takeOver(batch: Batch): void {
    if (this.#export.enabled) storage.run(SUPPRESSED, () => this.delivery().push(batch));
  }

  /** The delivery, loaded when it is first needed. */
  delivery(): Delivery {
    if (this.#delivery === undefined) {
      const part = loadPart("delivery") as typeof import("./parts/delivery.ts");
      this.#delivery = part.createDelivery(this.#export);
    }
    return this.#delivery;
  }

  /** Whether anything waits to be sent. */
  get pending(): boolean {
    return this.#batch.spans > 0 || this.#delivery?.pending === true;
  }

  /** Sends everything; resolves to whether all of it arrived within `ms`. */
  async flush(ms: number): Promise<boolean> {
    this.seal();
    const delivery = this.#delivery;
    return delivery === undefined ? true : storage.run(SUPPRESSED, () => delivery.flush(ms));
  }

  /** Milliseconds that the end of the process may wait for the backend. */
  get patienceMs(): number {
    return this.#delivery?.patienceMs ?? this.settings.export.exitMs;
  }

  /** Writes what is left to the disk, open spans included, as the last thing of the process; `send` also tries to send it. */
  spillAll(send: boolean): void {
    if (!this.#export.enabled) return;
    this.beforeSpill?.();
    this.#over = true; // what ends from now on, in listeners that come after ours, goes the same way
    for (const span of this.open) {
      span.endMs = Math.max(performance.now(), span.startMs);
      this.#batch.add(span.scope as Scope, span, true);
      this.open.remove(span);
    }
    this.seal();
    this.#delivery?.spill(send, this.heir);
    this.afterSpill?.();
  }

  statistics(): TracerStatistics {
    const counts = this.#delivery?.counts ?? { dropped: 0, delivered: 0, spilled: 0 };
    const dropped = counts.dropped + this.#batch.failed;
    const lostContext = { ...this.#lostContext };
    return { ...counts, dropped, ended: this.#ended, open: this.open.size, lostContext };
  }
}
