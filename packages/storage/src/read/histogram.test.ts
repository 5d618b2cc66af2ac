import { expect, test } from "vitest";
import { histogramBucket } from "../write/histograms.ts";
import { bucketStartNano, Histogram, redQuantiles } from "./histogram.ts";

test("a duration lies in the bucket whose borders enclose it", () => {
  for (const duration of [0, 1, 2, 3, 1000, 123_456_789, 2 ** 40, 2 ** 53]) {
    const bucket = histogramBucket(duration);
    expect(bucketStartNano(bucket)).toBeLessThanOrEqual(duration * (1 + 1e-12));
    expect(bucketStartNano(bucket + 1)).toBeGreaterThan(duration);
  }
});

test("quantiles of any set lie within a bucket's width of the true ones", () => {
  const durations = Array.from({ length: 10_000 }, (_, i) => 1000 + ((i * 7919) % 10_000) ** 2);
  const histogram = new Histogram();
  for (const duration of durations) histogram.add(histogramBucket(duration), 1);
  durations.sort((a, b) => a - b);
  const shares = [0.01, 0.5, 0.95, 0.99];
  const truth = shares.map((share) => durations[Math.floor(share * durations.length)] as number);
  for (const [i, quantile] of histogram.quantiles(shares).entries()) {
    expect(Math.abs(quantile / (truth[i] as number) - 1)).toBeLessThan(0.045);
  }
});

test("weights count as that many spans", () => {
  const histogram = new Histogram();
  histogram.add(histogramBucket(1000), 99);
  histogram.add(histogramBucket(1_000_000), 1);
  const [median = 0, top = 0] = histogram.quantiles([0.5, 0.999]);
  expect(median).toBeLessThan(1100);
  expect(top).toBeGreaterThan(900_000);
});

test("no quantile exceeds the largest duration seen, and nothing gives zeros", () => {
  const histogram = new Histogram();
  expect(redQuantiles(histogram, 0)).toEqual({ p50Nano: 0, p95Nano: 0, p99Nano: 0, maxNano: 0 });
  histogram.add(histogramBucket(1001), 5);
  expect(redQuantiles(histogram, 1001).p99Nano).toBeLessThanOrEqual(1001);
});
