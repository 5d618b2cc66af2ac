// One trace before it is bytes: which spans it has, on which pods, how they ended and when they ran.
// Spans are numbered in preorder, so a parent always has a smaller number than its children, and the
// first n spans of a trace are a whole tree for every n. Times are nanoseconds as doubles.

import { defined } from "@clew/base";
import type { Random } from "./random.ts";
import { Outcome } from "./span-template.ts";
import { DURATION_DRAWS, type RunningCall, type RunningOperation, type World } from "./world.ts";

/** Most spans of a trace that is not a giant. */
export const MAX_SPANS = 500;
/** Spans of a giant trace. */
export const GIANT_SPANS = 10_000;

// Siblings of a parallel group start one after another, so far apart at most.
const FAN_OUT_STEP = 40_000;
// A receiver of a message never starts earlier than this after the sender has ended.
const LEAST_DELAY = 300_000;

/** Reused for every trace; the columns hold `length` spans. */
export class TraceShape {
  length = 0;
  readonly operations: RunningOperation[] = [];
  readonly parents: Int32Array = new Int32Array(GIANT_SPANS);
  readonly instances: Int32Array = new Int32Array(GIANT_SPANS);
  /** The pod on the other side; the span's own when there is none. */
  readonly peers: Int32Array = new Int32Array(GIANT_SPANS);
  readonly outcomes: Uint8Array = new Uint8Array(GIANT_SPANS);
  /** Nanoseconds after the start of the trace. */
  readonly starts: Float64Array = new Float64Array(GIANT_SPANS);
  readonly durations: Float64Array = new Float64Array(GIANT_SPANS);
  /** End of the last span, nanoseconds after the start of the trace. */
  end = 0;

  readonly #world: World;
  readonly #random: Random;
  /** 1 when the span runs at the same time as its previous sibling. */
  readonly #joins = new Uint8Array(GIANT_SPANS);
  /** Above 0 when the span starts that long after its parent's end. */
  readonly #delays = new Float64Array(GIANT_SPANS);
  readonly #lags = new Float64Array(GIANT_SPANS);
  readonly #gaps = new Float64Array(GIANT_SPANS);
  readonly #groups = new Int32Array(GIANT_SPANS);
  readonly #groupLengths = new Float64Array(GIANT_SPANS);
  readonly #sums = new Float64Array(GIANT_SPANS);
  #limit = 0;

  constructor(world: World, random: Random) {
    this.#world = world;
    this.#random = random;
  }

  /** Fills the columns with a new trace of at most `limit` spans that begins with `entry`. */
  grow(entry: RunningOperation, limit: number): void {
    this.#limit = limit;
    this.length = 0;
    this.#add(entry, -1, this.#pod(entry), -1, 0, 0);
    this.#measure();
    this.#place();
  }

  #pod(operation: RunningOperation): number {
    const service = operation.service;
    return service.firstInstance + this.#random.below(service.instanceCount);
  }

  /** Appends a span and all it calls; true when it failed. */
  #add(
    operation: RunningOperation,
    parent: number,
    instance: number,
    peer: number,
    joins: number,
    delay: number,
  ): boolean {
    const row = this.length++;
    this.operations[row] = operation;
    this.parents[row] = parent;
    this.instances[row] = instance;
    this.peers[row] = peer < 0 ? instance : peer;
    this.#joins[row] = joins;
    this.#delays[row] = delay;
    const calls = operation.calls;
    for (let i = 0; i < calls.length; i++) {
      if (this.length >= this.#limit) break;
      if (this.#run(calls[i] as RunningCall, operation, row, instance)) {
        this.outcomes[row] = Outcome.CallFailed;
        return true;
      }
    }
    const failed = operation.failure > 0 && this.#random.next() < operation.failure;
    this.outcomes[row] = failed ? Outcome.Failed : Outcome.Ok;
    return failed;
  }

  /** Appends the spans of one call with its repetitions; true when that makes the caller fail. */
  #run(call: RunningCall, caller: RunningOperation, row: number, instance: number): boolean {
    const random = this.#random;
    if (call.probability < 4294967296 && random.next() >= call.probability) return false;
    const unit = call.span === 1 ? 0 : random.unit();
    const times = call.least + Math.floor(unit * unit * call.span);
    const remote = call.target.service !== caller.service;
    for (let k = 0; k < times && this.length < this.#limit; k++) {
      const joins = call.parallel && k > 0 ? 1 : 0;
      let failed = this.#once(call, row, instance, remote, joins);
      if (failed && call.retried && this.length < this.#limit) {
        failed = this.#once(call, row, instance, remote, 0);
      }
      // What a receiver does with a message never fails the sender.
      if (failed && !call.tolerated && call.delayNano === 0) return true;
    }
    return false;
  }

  #once(call: RunningCall, row: number, instance: number, remote: boolean, joins: number): boolean {
    const pod = remote ? this.#pod(call.target) : instance;
    if (remote) this.peers[row] = pod;
    const delay = call.delayNano === 0 ? 0 : LEAST_DELAY + call.delayNano * this.#factor(1);
    return this.#add(call.target, row, pod, remote ? instance : -1, joins, delay);
  }

  #factor(spread: number): number {
    const word = this.#random.next();
    const table = defined(this.#world.durationFactors[spread], "a spread");
    // The low bits choose a draw, the high ones move it by up to 2 % so that no duration repeats.
    return (
      (table[word & (DURATION_DRAWS - 1)] as number) * (0.98 + ((word >>> 13) / 524288) * 0.04)
    );
  }

  /** From the leaves up: how long every span takes, its calls included. */
  #measure(): void {
    const { length, parents } = this;
    this.#groups.fill(0, 0, length);
    this.#groupLengths.fill(0, 0, length);
    this.#sums.fill(0, 0, length);
    for (let row = length - 1; row >= 0; row--) {
      const operation = this.operations[row] as RunningOperation;
      const instance = this.#world.instances[this.instances[row] as number];
      const own = operation.medianNano * this.#factor(operation.spread) * (instance?.slowness ?? 1);
      const groups = this.#groups[row] as number;
      this.#gaps[row] = own / (groups + 1);
      const duration = own + (this.#sums[row] as number);
      this.durations[row] = duration;
      const parent = parents[row] as number;
      if (parent < 0 || (this.#delays[row] as number) > 0) continue;
      const joins = this.#joins[row] === 1;
      const lag = joins ? (this.#random.next() / 4294967296) * FAN_OUT_STEP : 0;
      this.#lags[row] = lag;
      const longest = Math.max(this.#groupLengths[parent] as number, duration + lag);
      if (joins) {
        this.#groupLengths[parent] = longest;
      } else {
        this.#groupLengths[parent] = 0;
        this.#sums[parent] = (this.#sums[parent] as number) + longest;
        this.#groups[parent] = (this.#groups[parent] as number) + 1;
      }
    }
  }

  /** From the root down: when every span starts. `#sums` becomes where the parent's next group starts. */
  #place(): void {
    const { length, parents, starts, durations } = this;
    const cursor = this.#sums;
    const groupStart = this.#groupLengths;
    let last = 0;
    for (let row = 0; row < length; row++) {
      const parent = parents[row] as number;
      const delay = this.#delays[row] as number;
      let start = 0;
      if (delay > 0) {
        start = (starts[parent] as number) + (durations[parent] as number) + delay;
      } else if (parent >= 0) {
        if (this.#joins[row] === 0) {
          groupStart[parent] = (cursor[parent] as number) + (this.#gaps[parent] as number);
        }
        start = (groupStart[parent] as number) + (this.#lags[row] as number);
        cursor[parent] = Math.max(cursor[parent] as number, start + (durations[row] as number));
      }
      starts[row] = start;
      const end = start + (durations[row] as number);
      cursor[row] = start;
      if (end > last) last = end;
    }
    this.end = last;
  }
}
