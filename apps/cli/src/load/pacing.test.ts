import { describe, expect, it } from "vitest";
import { LatencyHistogram } from "./latency-histogram.ts";
import { backoffMs, Pacer } from "./pacing.ts";
import { Random } from "./random.ts";

describe("Pacer", () => {
  it("makes each request due when the spans before it have had their time", () => {
    const pacer = new Pacer(1000, 50);
    expect([pacer.book(100), pacer.book(300), pacer.book(1)]).toEqual([50, 150, 450]);
  });

  it("makes everything due at once at rate 0", () => {
    const pacer = new Pacer(0, 50);
    expect([pacer.book(100), pacer.book(100)]).toEqual([50, 50]);
  });
});

describe("backoffMs", () => {
  it("doubles up to five seconds, with jitter of at most a half", () => {
    const random = new Random(1, 1);
    for (const [attempt, full] of [
      [2, 100],
      [3, 200],
      [5, 800],
      [12, 5000],
    ] as const) {
      const ms = backoffMs(attempt, undefined, random);
      expect(ms).toBeGreaterThanOrEqual(full / 2);
      expect(ms).toBeLessThanOrEqual(full);
    }
  });

  it("never comes back sooner than the server wished", () => {
    const random = new Random(1, 1);
    for (let i = 0; i < 100; i++) expect(backoffMs(2, 3000, random)).toBeGreaterThanOrEqual(3000);
  });
});

describe("LatencyHistogram", () => {
  it("tells quantiles within 3 %, and the greatest exactly", () => {
    const histogram = new LatencyHistogram();
    for (let ms = 1; ms <= 1000; ms++) histogram.add(ms);
    for (const q of [0.5, 0.9, 0.99]) {
      expect(Math.abs(histogram.quantileMs(q) / (q * 1000) - 1)).toBeLessThan(0.035);
    }
    expect(histogram.greatestMs).toBe(1000);
    expect(new LatencyHistogram().quantileMs(0.99)).toBe(0);
  });
});

describe("Random", () => {
  it("repeats a stream exactly and differs between streams", () => {
    const take = (seed: number, stream: number): number[] => {
      const random = new Random(seed, stream);
      return Array.from({ length: 2000 }, () => random.next());
    };
    expect(take(9, 4)).toEqual(take(9, 4));
    expect(take(9, 4)).not.toEqual(take(9, 5));
    expect(take(9, 4)).not.toEqual(take(2 ** 32 + 9, 4));
  });

  it("draws Zipf ranks: each doubling of the rank is about equally likely", () => {
    const random = new Random(3, 0);
    const doublings = Array.from({ length: 10 }, () => 0);
    for (let i = 0; i < 20_000; i++) {
      const doubling = Math.floor(Math.log2(random.zipf(1023) + 1));
      doublings[doubling] = (doublings[doubling] ?? 0) + 1;
    }
    for (const count of doublings) expect(Math.abs(count - 2000)).toBeLessThan(300);
  });
});
