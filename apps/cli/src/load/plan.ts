// What a run generates, independent of how it is sent. A run is cut into blocks that are generated
// independently of each other; a batch (one export request) is numbered by its block and its place in it.

import { ClewError } from "@clew/base";
import { worldOf } from "./world.ts";

/** Everything that decides the bytes of a run. */
export interface LoadPlan {
  /** Non-negative safe integer. */
  readonly seed: number;
  /** Most spans in one request. */
  readonly batch: number;
  /** Spans of the whole run, exact; undefined for an endless one. */
  readonly spans: number | undefined;
  /** Simulated spans per second: decides how far apart in time traces lie. */
  readonly simulatedRate: number;
  /** A buffer is sent when its oldest span has waited this long, simulated ns; undefined: when it is full. */
  readonly flushAfterNano: number | undefined;
  /** Share of traces that have 10,000 spans. */
  readonly giants: number;
  /** Share of traces that carry a sampling threshold in their tracestate. */
  readonly sampled: number;
}

/** The defaults of {@link LoadPlan}: seed 1, requests of 512 spans, endless. */
export const defaultPlan: LoadPlan = {
  seed: 1,
  batch: 512,
  spans: undefined,
  simulatedRate: 200_000,
  flushAfterNano: undefined,
  giants: 1 / 20_000,
  sampled: 0,
};

/** Batches a block may have; batch numbers are `block * BATCHES_PER_BLOCK + index`. */
export const BATCHES_PER_BLOCK = 65_536;

// A block ends by sending all buffers, most of them not full: long blocks keep those few.
const FULL_BATCHES_PER_INSTANCE = 8;
const LEAST_BLOCK = 40_000;
const GREATEST_BLOCK = 400_000;

/** Spans of every block of a run but the last. */
export function blockSpans(plan: LoadPlan): number {
  const wanted = plan.batch * worldOf(plan.seed).instances.length * FULL_BATCHES_PER_INSTANCE;
  return Math.min(GREATEST_BLOCK, Math.max(LEAST_BLOCK, wanted));
}

/** Spans of block `block`: 0 behind the end of the run. */
export function spansInBlock(plan: LoadPlan, block: number): number {
  const full = blockSpans(plan);
  if (plan.spans === undefined) return full;
  return Math.max(0, Math.min(full, plan.spans - block * full));
}

/** Simulated time between the start of the run and the start of block `block`, nanoseconds. */
export function blockOffsetNano(plan: LoadPlan, block: number): bigint {
  return BigInt(Math.round((block * blockSpans(plan) * 1e9) / plan.simulatedRate));
}

/** Block of a batch number. */
export function blockOf(sequence: number): number {
  return Math.floor(sequence / BATCHES_PER_BLOCK);
}

function requireNumber(name: string, value: number, low: number, high: number): void {
  if (value >= low && value <= high) return;
  throw new ClewError("bad_config", `${name} is ${value}`, {
    hint: `use a number from ${low} to ${high}`,
  });
}

/** Fills in defaults and checks ranges. Throws ClewError `bad_config`. */
export function makePlan(options: Partial<LoadPlan>): LoadPlan {
  const plan = { ...defaultPlan, ...options };
  requireNumber("seed", plan.seed, 0, Number.MAX_SAFE_INTEGER);
  requireNumber("batch", plan.batch, 1, 100_000);
  requireNumber("spans", plan.spans ?? 1, 1, 1e12);
  requireNumber("simulated rate", plan.simulatedRate, 1e-6, 1e9);
  requireNumber("giants", plan.giants, 0, 1);
  requireNumber("sampled", plan.sampled, 0, 1);
  return plan;
}
