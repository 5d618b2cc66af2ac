import { expect, test } from "vitest";
import { listSpans } from "./compare-lists.ts";

const MINUTE = 60_000_000_000n;

/** Spans with keys 0, 1, 2 ... */
function spansAt(minutes: readonly number[]) {
  return {
    length: minutes.length,
    keys: BigUint64Array.from(minutes, (_, i) => BigInt(i)),
    startNano: BigInt64Array.from(minutes, (minute) => BigInt(minute) * MINUTE + 5n),
  };
}

test("lists go by minutes, with the spans of the selection and the others apart", () => {
  const [list, ...more] = listSpans(spansAt([7, 3, 7, 3]), (row) => row < 2);
  expect(more).toEqual([]);
  expect(list).toEqual({
    minutes: [3, 7],
    selected: BigUint64Array.of(1n, 0n),
    others: BigUint64Array.of(3n, 2n),
  });
});

test("every span is in one list, whose minutes are few, and equal keys are in the same", () => {
  const spans = spansAt(Array.from({ length: 100_000 }, (_, i) => i % 7));
  const first = [...listSpans(spans, () => false)][0]?.others.at(-1) ?? 0n;
  const twin = Number(first) + 7;
  spans.keys[twin] = first;
  const lists = [...listSpans(spans, () => false)];
  expect(lists.length).toBeGreaterThan(2);
  for (const { minutes } of lists) expect(minutes.length).toBeLessThan(6);
  expect(lists.filter(({ others }) => others.includes(first))).toHaveLength(1);
  const listed = lists.flatMap(({ others }) => [...others]);
  expect(BigUint64Array.from(listed).sort()).toEqual(spans.keys.slice().sort());
});
