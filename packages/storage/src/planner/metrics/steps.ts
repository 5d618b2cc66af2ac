// The time buckets of a TraceQL metrics query. A range is widened to whole multiples of the step since 1970;
// a span belongs to the bucket (end - step, end] that holds its start, and a bucket's time is its end, so the
// first bucket leaves out a span that starts exactly where it begins and the last may reach past the asked
// range. An instant query is one bucket that holds both ends of its range.

import { ClewError } from "@clew/base";
import type { TimeRange } from "@clew/model";

const MAX_STEPS = 10_000n;
/** What the store's times hold, with room for a step. */
const MAX_NANO = 2n ** 62n;
const MILLISECOND_NANO = 1_000_000n;
const SECOND_NANO = 1_000_000_000n;

export interface Steps {
  /** Where the first bucket begins, nanoseconds since 1970. */
  readonly startNano: bigint;
  /** Where the last bucket ends. */
  readonly endNano: bigint;
  /** Of an instant query: the length of its range. */
  readonly stepNano: bigint;
  readonly count: number;
  readonly isInstant: boolean;
}

/** @throws ClewError `bad_request` for a step that is not positive or makes too many buckets. */
export function stepsOf(range: TimeRange, stepNano: bigint | undefined): Steps {
  const startNano = clamp(range.startNano);
  const endNano = clamp(range.endNano);
  if (endNano < startNano) throw new ClewError("bad_request", "the range ends before it starts");
  if (stepNano === undefined) {
    const length = endNano - startNano;
    return { startNano, endNano, stepNano: length, count: 1, isInstant: true };
  }
  if (stepNano <= 0n) throw new ClewError("bad_request", "a step is longer than nothing");
  const from = startNano - (startNano % stepNano);
  const to = ((endNano + stepNano - 1n) / stepNano) * stepNano;
  const count = (to - from) / stepNano;
  if (count > MAX_STEPS) {
    throw new ClewError("bad_request", `at most ${MAX_STEPS} steps, this range has ${count}`, {
      hint: "ask for a larger step or a shorter range",
    });
  }
  return { startNano: from, endNano: to, stepNano, count: Number(count), isInstant: false };
}

/** The half-open range of starts that fall into some bucket. */
export function startsOf({ startNano, endNano, isInstant, count }: Steps): TimeRange {
  if (count === 0) return { startNano, endNano: startNano };
  return { startNano: isInstant ? startNano : startNano + 1n, endNano: endNano + 1n };
}

/** The bucket of a start that lies inside `startsOf`. */
export function stepAt(steps: Steps, startNano: bigint): number {
  if (steps.isInstant) return 0;
  return Number((startNano - steps.startNano - 1n) / steps.stepNano);
}

/** The time of a bucket, milliseconds since 1970. */
export function timeMsOf(steps: Steps, step: number): number {
  if (steps.isInstant) return Number(steps.endNano / MILLISECOND_NANO);
  return Number((steps.startNano + BigInt(step + 1) * steps.stepNano) / MILLISECOND_NANO);
}

export function stepSeconds({ stepNano }: Steps): number {
  return Number(stepNano) / Number(SECOND_NANO);
}

function clamp(nano: bigint): bigint {
  return nano < 0n ? 0n : nano > MAX_NANO ? MAX_NANO : nano;
}
