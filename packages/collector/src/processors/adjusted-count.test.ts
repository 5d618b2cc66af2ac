// Thresholds and counts as in OpenTelemetry's "TraceState: Probability Sampling".

import { SpanBatch } from "@clew/model";
import { expect, test } from "vitest";
import { adjustedCount, setAdjustedCounts } from "./adjusted-count.ts";

test.each([
  ["ot=th:0", 1],
  ["ot=th:8", 2],
  ["ot=th:c", 4],
  ["ot=th:e", 8],
  ["ot=th:fd70a", 1 / (1 - 0xfd70a / 0x100000)],
  ["ot=th:fd70a3d70a3d7", 1 / (1 - 0xfd70a3d70a3d7 / 2 ** 52)],
  ["ot=th:4", 4 / 3],
  ["ot=th:80000000000000", 2],
])("%s stands for %d spans", (state, count) => {
  expect(adjustedCount(state)).toBeCloseTo(count, 9);
});

test("the largest threshold gives the largest count, which is a number", () => {
  expect(adjustedCount("ot=th:ffffffffffffff")).toBe(2 ** 56);
  expect(adjustedCount("ot=th:fffffffffffffe")).toBe(2 ** 55);
  expect(Number.isFinite(Math.fround(adjustedCount("ot=th:ffffffffffffff")))).toBe(true);
});

test.each([
  "",
  "ot=",
  "ot=th:",
  "ot=th:g",
  "ot=th:C",
  "ot=th:-8",
  "ot=th:0x8",
  "ot=th: 8",
  "ot=th:000000000000000",
  "ot=rv:8",
  "ot=th8",
  "th:8",
  "other=th:8",
  "nr=1,dd=th:8",
  "Ot=th:8",
])("%j has no valid threshold, so each span stands for itself", (state) => {
  expect(adjustedCount(state)).toBe(1);
});

test("the threshold is found among other members and entries", () => {
  expect(adjustedCount("dd=s:1;t.dm:-4,ot=rv:abcdefabcdefab;th:8;x:y,z=1")).toBe(2);
  expect(adjustedCount(" \tot=th:8 , a=b")).toBe(2);
  expect(adjustedCount("ot=p:8;r:62;th:c")).toBe(4);
});

test("only spans from the given row on get their counts", () => {
  const batch = new SpanBatch();
  batch.beginRequest("t", 1);
  for (const state of ["ot=th:8", "ot=th:8", "", "ot=th:8", "ot=th:c", "a=b"]) {
    const row = batch.beginSpan();
    batch.traceState[row] = batch.strings.internText(state);
    batch.commitSpan(0, 0);
  }
  setAdjustedCounts(batch, 1);
  expect([...batch.adjustedCount.subarray(0, 6)]).toEqual([1, 2, 1, 2, 4, 1]);
});
