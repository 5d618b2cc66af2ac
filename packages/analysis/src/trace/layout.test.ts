import { describe, expect, it } from "vitest";
import { type SampleSpan, sampleBatch, sampleEpoch } from "../testing/sample-batch.ts";
import { layoutTrace } from "./layout.ts";
import { RowFlag, type TraceLayout } from "./trace-layout.ts";

function layout(spans: readonly SampleSpan[]): TraceLayout {
  return layoutTrace(sampleBatch(spans));
}

function flagged(trace: TraceLayout, flag: number): number[] {
  return [...trace.flags.keys()].filter((row) => ((trace.flags[row] as number) & flag) !== 0);
}

describe("rows of a trace", () => {
  it("run depth first with siblings by start, whatever order the spans came in", () => {
    const trace = layout([
      { id: 4, parent: 2, start: 30, end: 40 },
      { id: 3, parent: 1, start: 50, end: 90 },
      { id: 2, parent: 1, start: 10, end: 45 },
      { id: 1, start: 0, end: 100 },
    ]);
    expect([...trace.span]).toEqual([3, 2, 0, 1]);
    expect([...trace.depth]).toEqual([0, 1, 2, 1]);
    expect([...trace.parent]).toEqual([-1, 0, 1, 0]);
    expect([...trace.size]).toEqual([4, 2, 1, 1]);
    expect([...trace.rowOfSpan]).toEqual([2, 3, 1, 0]);
    expect(trace.maxDepth).toBe(2);
  });

  it("hold exact times relative to the first start", () => {
    const trace = layout([
      { id: 1, start: 5, end: 1_000_000_007 },
      { id: 2, parent: 1, start: 6, end: 7 },
    ]);
    expect(trace.startNano).toBe(sampleEpoch + 5n);
    expect([...trace.start]).toEqual([0, 1]);
    expect(trace.durationNano).toBe(1_000_000_002);
  });

  it("know where a subtree ends when a child outlives its parent", () => {
    const trace = layout([
      { id: 1, start: 0, end: 10 },
      { id: 2, parent: 1, start: 5, end: 50 },
    ]);
    expect([...trace.subtreeEnd]).toEqual([50, 50]);
    expect(trace.durationNano).toBe(50);
  });

  it("count the errors hidden below a row", () => {
    const trace = layout([
      { id: 1, start: 0, end: 10 },
      { id: 2, parent: 1, start: 1, end: 9, error: true },
      { id: 3, parent: 2, start: 2, end: 3, error: true },
    ]);
    expect([...trace.errorsBelow]).toEqual([2, 1, 0]);
    expect(trace.errorCount).toBe(2);
  });

  it("number services by who starts first", () => {
    const trace = layout([
      { id: 2, parent: 1, start: 10, end: 20, service: "billing" },
      { id: 1, start: 0, end: 30, service: "web" },
      { id: 3, parent: 1, start: 12, end: 13, service: "billing" },
      { id: 4, parent: 1, start: 14, end: 15 },
    ]);
    expect(trace.services).toEqual(["web", "billing", "unknown service"]);
    expect(trace.serviceSpans).toEqual([1, 2, 1]);
    expect([...trace.service]).toEqual([0, 1, 1, 2]);
  });
});

describe("traces that are not what they should be", () => {
  it("get one placeholder for a missing parent, around all of its children", () => {
    const trace = layout([
      { id: 1, start: 0, end: 100 },
      { id: 2, parent: 99, start: 20, end: 30 },
      { id: 3, parent: 99, start: 40, end: 60 },
    ]);
    expect(trace.rowCount).toBe(4);
    expect([...trace.span]).toEqual([0, -1, 1, 2]);
    expect(flagged(trace, RowFlag.Placeholder)).toEqual([1]);
    expect(flagged(trace, RowFlag.Orphan)).toEqual([2, 3]);
    expect([trace.start[1], trace.duration[1]]).toEqual([20, 40]);
    expect(trace.orphanCount).toBe(2);
  });

  it("are shown when no root has arrived at all", () => {
    const trace = layout([{ id: 2, parent: 1, start: 0, end: 1 }]);
    expect([...trace.depth]).toEqual([0, 1]);
  });

  it("do not hang on parents that lead back to themselves", () => {
    const trace = layout([
      { id: 1, start: 0, end: 10 },
      { id: 2, parent: 4, start: 1, end: 2 },
      { id: 3, parent: 2, start: 2, end: 3 },
      { id: 4, parent: 3, start: 3, end: 4 },
      { id: 5, parent: 3, start: 5, end: 6 },
      { id: 6, parent: 6, start: 7, end: 8 },
    ]);
    expect([...trace.span]).toEqual([0, 1, 2, 3, 4, 5]);
    expect([...trace.depth]).toEqual([0, 0, 1, 2, 2, 0]);
    expect(flagged(trace, RowFlag.Cycle)).toEqual([1, 5]);
  });

  it("keep every span when ids are used twice, and hang children under the first", () => {
    const trace = layout([
      { id: 1, start: 0, end: 10 },
      { id: 1, start: 1, end: 9 },
      { id: 2, parent: 1, start: 2, end: 3 },
    ]);
    expect([...trace.span]).toEqual([0, 2, 1]);
    expect(flagged(trace, RowFlag.Duplicate)).toEqual([2]);
  });

  it("mark a child that starts before its parent", () => {
    const trace = layout([
      { id: 1, start: 10, end: 20 },
      { id: 2, parent: 1, start: 5, end: 15 },
    ]);
    expect(flagged(trace, RowFlag.Skewed)).toEqual([1]);
    expect(trace.warningCount).toBe(1);
    expect([...trace.start]).toEqual([5, 0]);
  });

  it("draw a span that ends before it starts with no duration", () => {
    const trace = layout([
      { id: 1, start: 0, end: 10 },
      { id: 2, parent: 1, start: 8, end: 3 },
    ]);
    expect(trace.duration[1]).toBe(0);
    expect(flagged(trace, RowFlag.Negative)).toEqual([1]);
    expect(trace.durationNano).toBe(10);
  });

  it("may be empty", () => {
    expect(layout([])).toMatchObject({ rowCount: 0, durationNano: 0, services: [] });
  });

  it("may be a chain of 100,000 spans", () => {
    const spans = Array.from({ length: 100_000 }, (_, i) => ({
      id: i + 1,
      parent: i,
      start: i,
      end: 200_000,
    }));
    const trace = layout(spans);
    expect(trace.maxDepth).toBe(99_999);
    expect(trace.size[0]).toBe(100_000);
  });
});
