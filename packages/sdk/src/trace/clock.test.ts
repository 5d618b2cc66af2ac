// Spans while the wall clock is set: durations stay true, and new traces follow the clock.

import { afterEach, beforeEach, expect, test, vi } from "vitest";

const real = { now: Date.now, ticks: performance.now.bind(performance) };
let wallStepMs = 0;
let sleptMs = 0;

/** The clock of a process whose machine's clocks are ours to set. */
async function freshClock(): Promise<typeof import("./clock.ts")> {
  vi.resetModules();
  return await import("./clock.ts");
}

beforeEach(() => {
  wallStepMs = 0;
  sleptMs = 0;
  vi.spyOn(Date, "now").mockImplementation(() => real.now() + wallStepMs + sleptMs);
  vi.spyOn(performance, "now").mockImplementation(() => real.ticks() + sleptMs);
});
afterEach(() => vi.restoreAllMocks());

const HOUR = 3_600_000;

test.each([-HOUR, HOUR, 24 * HOUR])("a clock that is set by %d ms", async (step) => {
  const clock = await freshClock();
  const first = clock.monotonicMs();
  const parent = { startMs: first, offsetMs: clock.wallOffsetMs(first) };
  expect(Math.abs(first + parent.offsetMs - Date.now())).toBeLessThan(50);
  wallStepMs = step;
  sleptMs = 1500;
  const later = clock.monotonicMs();
  // Within the trace times agree with each other, and a duration is what has passed.
  expect(clock.offsetWithin(parent, later)).toBe(parent.offsetMs);
  expect(later - first).toBeGreaterThanOrEqual(1500);
  expect(later - first).toBeLessThan(2500);
  // The first trace after it is told by the new clock, however long the process was idle.
  expect(Math.abs(later + clock.wallOffsetMs(later) - Date.now())).toBeLessThan(50);
});

test("what goes on for long follows the clock in the end", async () => {
  const clock = await freshClock();
  const first = clock.monotonicMs();
  const parent = { startMs: first, offsetMs: clock.wallOffsetMs(first) };
  wallStepMs = -HOUR;
  sleptMs = 11 * 60_000;
  const later = clock.monotonicMs();
  expect(Math.abs(later + clock.offsetWithin(parent, later) - Date.now())).toBeLessThan(50);
});

test("a test's fake time is not taken for the clock", async () => {
  const clock = await freshClock();
  vi.useFakeTimers({ now: Date.UTC(2001, 1, 1) });
  sleptMs = 5000;
  const offset = clock.wallOffsetMs(real.ticks() + 5000);
  vi.useRealTimers();
  expect(Math.abs(real.ticks() + offset - real.now())).toBeLessThan(50);
});
