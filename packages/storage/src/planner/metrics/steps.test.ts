import fc from "fast-check";
import { expect, test } from "vitest";
import { startsOf, stepAt, stepsOf, timeMsOf } from "./steps.ts";

const SECOND = 1_000_000_000n;

test("a range is widened to whole steps and each bucket bears the time of its end", () => {
  const steps = stepsOf({ startNano: 0n, endNano: 50n * SECOND }, 15n * SECOND);
  expect(Array.from({ length: steps.count }, (_, i) => timeMsOf(steps, i))).toEqual([
    15_000, 30_000, 45_000, 60_000,
  ]);
  expect([1n, 15n, 16n, 45n, 46n].map((second) => stepAt(steps, second * SECOND))).toEqual([
    0, 0, 1, 2, 3,
  ]);
});

test("a start lies in the bucket whose end is the next whole step at or after it", () => {
  const nano = fc.bigInt({ min: 0n, max: 10n ** 6n });
  fc.assert(
    fc.property(nano, nano, fc.bigInt({ min: 1n, max: 10n ** 5n }), nano, (a, length, step, at) => {
      fc.pre(length / step < 9000n);
      const steps = stepsOf({ startNano: a, endNano: a + length }, step);
      const { startNano, endNano } = startsOf(steps);
      const isInside = at >= startNano && at < endNano;
      expect(isInside).toBe(at > steps.startNano && at <= steps.endNano);
      if (!isInside) return;
      const end = steps.startNano + BigInt(stepAt(steps, at) + 1) * step;
      expect(end % step).toBe(0n);
      expect(at <= end && at > end - step).toBe(true);
    }),
  );
});

test("an instant query is one bucket that holds both ends of its range", () => {
  const steps = stepsOf({ startNano: 5n * SECOND, endNano: 65n * SECOND }, undefined);
  expect(startsOf(steps)).toEqual({ startNano: 5n * SECOND, endNano: 65n * SECOND + 1n });
  expect([steps.count, timeMsOf(steps, 0), stepAt(steps, 65n * SECOND)]).toEqual([1, 65_000, 0]);
});

test("no step, a negative range and too many steps are refused", () => {
  const range = { startNano: 0n, endNano: 10_001n };
  expect(() => stepsOf(range, 0n)).toThrow("step");
  expect(() => stepsOf({ startNano: 2n, endNano: 1n }, 1n)).toThrow("ends before");
  expect(() => stepsOf(range, 1n)).toThrow("at most 10000 steps");
  expect(stepsOf(range, 2n).count).toBe(5001);
});
