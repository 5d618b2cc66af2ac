import { expect, test } from "vitest";
import { answerOf, type Series } from "./series.ts";
import type { Steps } from "./steps.ts";

const steps: Steps = { startNano: 0n, endNano: 1n, stepNano: 1n, count: 1, isInstant: true };

function series(name: string, value: number): Series {
  const labels = [{ name: "span:id", value: { type: "string", value: name } }] as const;
  return { labels, values: Float64Array.of(value), exemplars: [] };
}

function shown(all: readonly Series[], maxSeries: number): string[] {
  const { series: kept } = answerOf({ name: "rate", series: all }, steps, {
    maxSeries,
    exemplars: 0,
  });
  return kept.map(({ labels }) => {
    const value = labels[0]?.value;
    return value?.type === "string" ? value.value : "";
  });
}

test("of more series than asked for the greatest stay, of equal ones the first by name, in whatever order they came", () => {
  const all = [series("d", 1), series("b", 1), series("a", 0), series("e", 2), series("c", 1)];
  expect(shown(all, 3)).toEqual(["b", "c", "e"]);
  expect(shown(all.toReversed(), 3)).toEqual(["b", "c", "e"]);
  expect(shown(all, 1)).toEqual(["e"]);
  expect(shown(all, 5)).toEqual(["a", "b", "c", "d", "e"]);
});
