import { expect, test } from "vitest";
import { type FoundTrace, FoundTraces } from "./found-traces.ts";

function trace(value: bigint, spans: number): FoundTrace {
  const span = { spanId: "1", start: 1n, duration: 1n, parent: undefined, root: undefined };
  const shown = Array.from({ length: spans }, () => ({ ...span, computed: [] }));
  const traceId = value.toString(16).padStart(32, "0");
  const candidate = { traceId, bound: value } as FoundTrace["candidate"];
  return { value, traceId, candidate, spansets: [{ matched: spans, values: [], spans: shown }] };
}

test("a page that would show too many spans is refused, not held in memory", () => {
  const found = new FoundTraces(10, 100);
  const offer = (value: bigint, spans: number): void =>
    found.offer({ value, traceId: trace(value, 0).traceId }, () => trace(value, spans));
  for (const value of [1n, 2n, 3n]) offer(value, 30);
  expect(() => offer(4n, 30)).toThrow(expect.objectContaining({ code: "limit_exceeded" }));
});

test("only what stays on the page counts", () => {
  const found = new FoundTraces(2, 100);
  for (let value = 1n; value <= 50n; value++)
    found.offer({ value, traceId: trace(value, 0).traceId }, () => trace(value, 45));
  expect(found.traces.map(({ value }) => value)).toEqual([50n, 49n]);
});
