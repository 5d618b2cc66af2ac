import fc from "fast-check";
import { expect, test } from "vitest";
import { GroupTable } from "./group-table.ts";
import { Histograms, histogramBucket } from "./histograms.ts";

const word = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }));

test("a group table gives the numbers that a Map of the tuples gives", () => {
  const tuples = fc
    .integer({ min: 1, max: 6 })
    .chain((width) =>
      fc.tuple(
        fc.constant(width),
        fc.array(fc.array(word, { minLength: width, maxLength: width }), { maxLength: 300 }),
      ),
    );
  fc.assert(
    fc.property(tuples, ([width, list]) => {
      const table = new GroupTable(width);
      const known = new Map<string, number>();
      for (const tuple of list) {
        table.probe.set(tuple);
        const key = tuple.join();
        expect(table.has()).toBe(known.has(key));
        const expected = known.get(key) ?? known.size;
        known.set(key, expected);
        expect(table.group()).toBe(expected);
      }
      expect(table.size).toBe(known.size);
      const keys = [...known.keys()];
      for (let at = 0; at < width; at++) {
        expect([...table.column(at)].map(String)).toEqual(keys.map((key) => key.split(",")[at]));
      }
    }),
    { seed: 3 },
  );
});

test("hundreds of thousands of groups, more than have a hash of their own, keep their numbers", () => {
  const table = new GroupTable(2);
  const words = randomWords(500_000);
  const group = (i: number): number => {
    table.probe[0] = words[i * 2] as number;
    table.probe[1] = words[i * 2 + 1] as number;
    return table.group();
  };
  for (let i = 0; i < 250_000; i++) expect(group(i)).toBe(i);
  for (let i = 0; i < 250_000; i += 331) expect(group(i)).toBe(i);
  expect(table.size).toBe(250_000);
});

/** The same on every run (xorshift). */
function randomWords(count: number): Uint32Array {
  const words = new Uint32Array(count);
  let state = 0x2545f491;
  for (let i = 0; i < count; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = state;
  }
  return words;
}

test("a bucket is a sixteenth of an octave, and no duration is below the first", () => {
  expect([-5, 0, 1].map(histogramBucket)).toEqual([0, 0, 0]);
  for (let power = 1; power < 62; power++) expect(histogramBucket(2 ** power)).toBe(power * 16);
  expect(histogramBucket(2 ** 0.51 * 1024)).toBe(168);
  fc.assert(
    fc.property(fc.double({ min: 1, max: 2 ** 62, noNaN: true }), (nano) => {
      const bucket = histogramBucket(nano);
      expect(2 ** (bucket / 16)).toBeLessThanOrEqual(nano * (1 + 1e-12));
      expect(2 ** ((bucket + 1) / 16)).toBeGreaterThan(nano * (1 - 1e-12));
    }),
    { seed: 4 },
  );
});

test("histograms hold every weight once, in the row of its group, also after groups are joined", () => {
  const cell = fc.record({
    group: fc.integer({ min: 0, max: 8 }),
    bucket: fc.integer({ min: 0, max: 40 }),
    weight: fc.constantFrom(1, 2, 0.5),
  });
  fc.assert(
    fc.property(fc.array(cell, { maxLength: 200 }), (cells) => {
      const histograms = new Histograms();
      for (const { group, bucket, weight } of cells) histograms.add(group, bucket, weight);
      expect(sums(histograms, 9)).toEqual(sumsOf(cells, (group) => group));
      const joined = new Histograms();
      histograms.addTo(
        joined,
        Uint32Array.from({ length: 9 }, (_, group) => group >> 1),
      );
      expect(sums(joined, 5)).toEqual(sumsOf(cells, (group) => group >> 1));
    }),
    { seed: 5 },
  );
});

test("more cells than a histogram starts with room for are all kept", () => {
  const histograms = new Histograms();
  for (let i = 0; i < 5000; i++) histograms.add(i % 100, i % 990, 1);
  const { weights, offsets } = histograms.column(100);
  expect(weights.reduce((a, b) => a + b)).toBe(5000);
  expect(offsets[100]).toBe(weights.length);
});

function sums(histograms: Histograms, groups: number): Record<string, number> {
  const { offsets, buckets, weights } = histograms.column(groups);
  const result: Record<string, number> = {};
  for (let group = 0; group < groups; group++) {
    for (let at = offsets[group] as number; at < (offsets[group + 1] as number); at++) {
      const key = `${group}:${buckets[at]}`;
      expect(result[key]).toBeUndefined();
      result[key] = weights[at] as number;
    }
  }
  return result;
}

function sumsOf(
  cells: readonly { group: number; bucket: number; weight: number }[],
  groupOf: (group: number) => number,
): Record<string, number> {
  const result: Record<string, number> = {};
  for (const { group, bucket, weight } of cells) {
    const key = `${groupOf(group)}:${bucket}`;
    result[key] = (result[key] ?? 0) + weight;
  }
  return result;
}
