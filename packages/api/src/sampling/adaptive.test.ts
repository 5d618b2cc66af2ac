// Adaptive probabilities: bounded whatever is seen, still when nothing changes, and close to the target soon
// after a change, with tracers that say their threshold and with those that do not.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { madePerSecond, nextProbability } from "./adaptive.ts";

fc.configureGlobal({ seed: 20_261_122 });

const share = fc.double({ min: 1e-4, max: 1, noNaN: true });
const seconds = 60;

/** What arrives of `rate` requests a second when each is kept with `probability`. */
function seen(rate: number, probability: number, saysThreshold: boolean) {
  const spans = Math.round(rate * probability * seconds);
  return { spans, weight: saysThreshold ? spans / probability : spans, seconds };
}

/** Probabilities over time for a rate by step; tracers follow at once. */
function follow(target: number, rates: readonly number[], saysThreshold: boolean): number[] {
  let told: number | undefined;
  return rates.map((rate) => {
    const inForce = told ?? 1;
    told = nextProbability(
      { targetPerSecond: target },
      told,
      seen(rate, inForce, saysThreshold),
      inForce,
    );
    return told;
  });
}

describe("an adaptive probability", () => {
  test("stays within its bounds, whatever is seen", () => {
    const sampling = fc
      .tuple(fc.double({ min: 1e-3, max: 1e6, noNaN: true }), share, share, share)
      .map(([targetPerSecond, ...shares]) => {
        const [low = 0, middle = 0, high = 0] = shares.toSorted((a, b) => a - b);
        const bounds = { minProbability: low, initialProbability: middle, maxProbability: high };
        return { targetPerSecond, ...bounds };
      });
    const anything = fc.option(
      fc.record({
        spans: fc.nat(1_000_000),
        weight: fc.double({ min: 0, max: 1e12, noNaN: true }),
        seconds: fc.double({ min: 0, max: 200, noNaN: true }),
      }),
      { nil: undefined },
    );
    fc.assert(
      fc.property(sampling, fc.option(share, { nil: undefined }), anything, share, (...given) => {
        const [rules, , ,] = given;
        const next = nextProbability(...given);
        expect(next).toBeGreaterThanOrEqual(rules.minProbability);
        expect(next).toBeLessThanOrEqual(rules.maxProbability);
      }),
    );
  });

  test("is the initial one until something is seen, and goes back to it when nothing is any more", () => {
    const sampling = { targetPerSecond: 1, initialProbability: 0.2 };
    expect(nextProbability(sampling, undefined, undefined, 1)).toBe(0.2);
    let told = 0.001;
    const way = Array.from({ length: 20 }, () => {
      told = nextProbability(sampling, told, { spans: 0, weight: 0, seconds }, told);
      return told;
    });
    expect(way).toEqual(way.toSorted((a, b) => a - b));
    expect(way.at(-1)).toBe(0.2);
  });

  test("does not move for changes that are noise", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.96, max: 1.04, noNaN: true }), (noise) => {
        const near = { spans: 600 * noise, weight: 60_000 * noise, seconds };
        expect(nextProbability({ targetPerSecond: 10 }, 0.01, near, 0.01)).toBe(0.01);
      }),
    );
  });

  test.each([true, false])(
    "keeps about the target ten steps after any change of the rate (tracers say their threshold: %s)",
    (saysThreshold) => {
      const rate = fc.double({ min: 20, max: 100_000, noNaN: true });
      fc.assert(
        fc.property(rate, rate, (before, after) => {
          const steps = [...Array<number>(10).fill(before), ...Array<number>(10).fill(after)];
          const told = follow(10, steps, saysThreshold);
          for (const [at, made] of [
            [9, before],
            [19, after],
          ] as const) {
            expect(Math.abs(((told[at] as number) * made) / 10 - 1)).toBeLessThan(0.15);
          }
        }),
      );
    },
  );

  test("comes down in one step when far too much is kept", () => {
    const [first = 1] = follow(5, [5000], true);
    expect(first).toBeCloseTo(0.001, 6);
  });

  test("keeps everything of a service that makes less than its target", () => {
    expect(follow(5, [1, 1, 1], true)).toEqual([1, 1, 1]);
  });
});

test("adjusted counts say the true rate; without them the share that was told does", () => {
  expect(madePerSecond({ spans: 60, weight: 6000, seconds: 60 }, 1)).toBe(100);
  expect(madePerSecond({ spans: 60, weight: 60, seconds: 60 }, 0.1)).toBeCloseTo(10);
});
