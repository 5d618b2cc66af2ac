// Times of spans: milliseconds of the monotonic clock, and one offset to the wall clock for all spans of a
// trace in this process, so that durations never suffer when the wall clock is set. New traces follow it.

import type { TimeInput } from "@opentelemetry/api";

const TOLERATED_MS = 20;
const CHECK_MS = 1000;
/** What goes on for longer follows a wall clock that was set meanwhile. */
const LONG_MS = 600_000;
const { performance } = globalThis;
// Kept from before a test's fake timers could replace them.
const ticks = performance.now.bind(performance);
const wallMs = Date.now;

let offsetMs = performance.timeOrigin;
let checkedMs = 0;

/** Milliseconds of the monotonic clock. */
export const monotonicMs: () => number = ticks;

/** What turns monotonic into wall-clock milliseconds for a trace that begins `now`: constant but for steps of that clock. */
export function wallOffsetMs(now: number): number {
  if (now - checkedMs > CHECK_MS) checkWallClock(now);
  return offsetMs;
}

/** The same for a span that begins `now` within another. */
export function offsetWithin(parent: { startMs: number; offsetMs: number }, now: number): number {
  return now - parent.startMs < LONG_MS ? parent.offsetMs : wallOffsetMs(now);
}

/** Takes notice of a wall clock that was set or a machine that slept. */
function checkWallClock(now: number): void {
  checkedMs = now;
  const drift = wallMs() - (offsetMs + now);
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
