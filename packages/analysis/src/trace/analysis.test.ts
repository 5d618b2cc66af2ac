// Critical path, self times and the comparison of two traces.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type SampleSpan, sampleBatch } from "../testing/sample-batch.ts";
import { compareTraces } from "./compare-traces.ts";
import { criticalPath } from "./critical-path.ts";
import { layoutTrace } from "./layout.ts";
import { selfTimes } from "./self-time.ts";

/** Segments as `id from-to`. */
function path(spans: readonly SampleSpan[]): string[] {
  const layout = layoutTrace(sampleBatch(spans));
  return criticalPath(layout).map(
    ({ row, from, to }) => `${spans[layout.span[row] as number]?.id} ${from}-${to}`,
  );
}

describe("the critical path", () => {
  test("goes through the children that finished last, and the parent between them", () => {
    const spans = [
      { id: 1, start: 0, end: 100 },
      { id: 2, parent: 1, start: 10, end: 40 },
      { id: 3, parent: 1, start: 50, end: 90 },
      { id: 4, parent: 3, start: 60, end: 80 },
    ];
    expect(path(spans)).toEqual([
      "1 0-10",
      "2 10-40",
      "1 40-50",
      "3 50-60",
      "4 60-80",
      "3 80-90",
      "1 90-100",
    ]);
  });

  test("leaves out what ran beside it", () => {
    const spans = [
      { id: 1, start: 0, end: 100 },
      { id: 2, parent: 1, start: 10, end: 50 },
      { id: 3, parent: 1, start: 10, end: 90 },
    ];
    expect(path(spans)).toEqual(["1 0-10", "3 10-90", "1 90-100"]);
  });

  test("goes no further than the end of the parent", () => {
    const spans = [
      { id: 1, start: 0, end: 100 },
      { id: 2, parent: 1, start: 80, end: 200 },
      { id: 3, parent: 1, start: 120, end: 180 },
    ];
    expect(path(spans)).toEqual(["1 0-80", "2 80-100"]);
  });

  test("of a chain deeper than the call stack ends at its leaf", () => {
    const spans = Array.from({ length: 20_000 }, (_, i) => ({
      id: i + 1,
      ...(i === 0 ? {} : { parent: i }),
      start: 0,
      end: 1000,
    }));
    expect(path(spans)).toEqual(["20000 0-1000"]);
  });

  test("covers the longest root without gap or overlap, whatever the trace", () => {
    const span = fc.record({
      parent: fc.nat(30),
      start: fc.nat(1000),
      length: fc.nat(500),
    });
    fc.assert(
      fc.property(fc.array(span, { minLength: 1, maxLength: 30 }), (all) => {
        const spans = all.map(({ parent, start, length }, i) => ({
          id: i + 1,
          ...(i === 0 || parent === 0 ? {} : { parent: (parent % i) + 1 }),
          start,
          end: start + length,
        }));
        const layout = layoutTrace(sampleBatch(spans));
        const segments = criticalPath(layout);
        const longest = Math.max(
          ...spans
            .filter(({ parent }) => parent === undefined)
            .map(({ start, end }) => end - start),
        );
        expect(segments.reduce((sum, { from, to }) => sum + to - from, 0)).toBe(longest);
        segments.forEach(({ row, from, to }, i) => {
          expect(from).toBe(segments[i - 1]?.to ?? from);
          expect(from).toBeGreaterThanOrEqual(layout.start[row] as number);
          expect(to).toBeLessThanOrEqual(
            (layout.start[row] as number) + (layout.duration[row] as number),
          );
        });
      }),
    );
  });
});

test("self time counts what children cover once, and only inside the span", () => {
  const layout = layoutTrace(
    sampleBatch([
      { id: 1, start: 0, end: 100 },
      { id: 2, parent: 1, start: 10, end: 50 },
      { id: 3, parent: 1, start: 30, end: 60 },
      { id: 4, parent: 1, start: 90, end: 150 },
    ]),
  );
  expect(Array.from(selfTimes(layout))).toEqual([40, 40, 30, 60]);
});

describe("the comparison of two traces", () => {
  const traced = (spans: readonly SampleSpan[]): Parameters<typeof compareTraces>[0] => {
    const batch = sampleBatch(spans);
    return { batch, layout: layoutTrace(batch) };
  };
  const base = [
    { id: 1, start: 0, end: 100, service: "web", name: "GET /cart" },
    { id: 2, parent: 1, start: 10, end: 50, service: "cart", name: "load" },
  ];

  test("shows where the time went, and what is new or missing", () => {
    const other = [
      { id: 1, start: 0, end: 300, service: "web", name: "GET /cart" },
      { id: 2, parent: 1, start: 10, end: 260, service: "cart", name: "load", error: true },
      { id: 3, parent: 2, start: 20, end: 30, service: "cart", name: "retry" },
    ];
    const { operations, base: before, other: after } = compareTraces(traced(base), traced(other));
    expect(
      operations.map(({ name, base: a, other: b }) => [name, a.self, b.self, b.errors]),
    ).toEqual([
      ["load", 40, 240, 1],
      ["GET /cart", 60, 50, 0],
      ["retry", 0, 10, 0],
    ]);
    expect([before.duration, after.duration, after.spans, after.errors]).toEqual([100, 300, 3, 1]);
  });

  test("of a trace with itself shows nothing", () => {
    expect(compareTraces(traced(base), traced(base)).operations).toEqual([]);
  });
});
