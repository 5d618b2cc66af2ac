// The crash count stands on these keys: one for each span, and different ones for different spans.

import { expectedBatch, listSpans, makePlan } from "@clew/cli/load";
import { expect, test } from "vitest";
import { spanKeys } from "./span-keys.ts";

const plan = makePlan({ seed: 3, spans: 40_000 });

function keysOf(sequence: number): string[] {
  const bytes = Buffer.from(spanKeys(expectedBatch(plan, sequence).payload));
  return Array.from({ length: bytes.length / 8 }, (_, index) =>
    bytes.toString("hex", index * 8, index * 8 + 8),
  );
}

test("every span of different requests has a key of its own", () => {
  const keys = [0, 1, 2, 3].flatMap(keysOf);
  expect(keys.length).toBeGreaterThan(500);
  expect(new Set(keys).size).toBe(keys.length);
});

test("a key is the span id XOR the first half of the trace id", () => {
  const { payload } = expectedBatch(plan, 0);
  const first = listSpans(payload)[0];
  const key = BigInt(`0x${first?.traceId.slice(0, 16)}`) ^ BigInt(`0x${first?.spanId}`);
  expect(keysOf(0)[0]).toBe(key.toString(16).padStart(16, "0"));
});
