// Times of spans: milliseconds of the monotonic clock, and one offset to the wall clock for all spans of a
// trace in this process, so that durations never suffer when the wall clock is set.

import type { TimeInput } from "@opentelemetry/api";

const TOLERATED_MS = 20;
const { performance } = globalThis;
const ticks = performance.now.bind(performance);

let offsetMs = performance.timeOrigin;

/** Milliseconds of the monotonic clock. */
export const monotonicMs: () => number = ticks;

/** What turns monotonic into wall-clock milliseconds now. Constant but for steps of the wall clock. */
export function wallOffsetMs(): number {
  return offsetMs;
}

/** Takes notice of a wall clock that was set or a machine that slept. Called about once a second. */
export function checkWallClock(): void {
  const drift = Date.now() - (offsetMs + ticks());
  if (Math.abs(drift) > TOLERATED_MS) offsetMs += drift;
}

/** OpenTelemetry's time (Date, [s, ns], epoch or monotonic ms) as monotonic milliseconds. */
export function toMonotonicMs(time: TimeInput | undefined, offset: number): number {
  if (time === undefined) return ticks();
  if (Array.isArray(time)) {
    const [seconds, nanoseconds]: readonly unknown[] = time; // a program without types may give others
    return finite(Number(seconds) * 1000 - offset + Number(nanoseconds) / 1e6);
  }
  if (time instanceof Date) return finite(time.getTime() - offset);
  if (typeof time !== "number") return ticks();
  // A number below the start of the process in epoch milliseconds is a reading of performance.now().
  return finite(time < performance.timeOrigin ? time : time - offset);
}

function finite(ms: number): number {
  return Number.isFinite(ms) ? ms : ticks();
}
