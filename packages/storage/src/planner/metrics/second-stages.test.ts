import type { SecondStage } from "@clew/traceql";
import { expect, test } from "vitest";
import { applyStages } from "./second-stages.ts";
import { type Series, valueKey } from "./series.ts";

const at = { start: 0, end: 0 };

function series(service: string, ...values: number[]): Series {
  const labels = [
    { name: "resource.service.name", value: { type: "string", value: service } },
  ] as const;
  return { labels, values: Float64Array.from(values), exemplars: [] };
}

function after(stages: readonly SecondStage[], ...input: Series[]): Record<string, number[]> {
  const result = applyStages({ name: "rate", series: input }, stages);
  return Object.fromEntries(
    result.series.map(({ labels, values }) => [
      labels.map(({ value }) => valueKey(value).replace("string:", "")).join(),
      [...values],
    ]),
  );
}

const best = (kind: "topk" | "bottomk", count: number): SecondStage => ({ kind, count, at });
const threshold = (operator: "<" | ">" | "!=" | "=", value: number): SecondStage => ({
  kind: "threshold",
  operator,
  value,
  at,
});

test("topk chooses at each data point, so more series than k may remain", () => {
  expect(after([best("topk", 1)], series("a", 1, 5), series("b", 3, 2), series("c", 0, 0))).toEqual(
    { a: [Number.NaN, 5], b: [3, Number.NaN] },
  );
});

test("of equal values the first by labels is kept, in topk as in bottomk", () => {
  const input = [series("b", 2), series("a", 2), series("c", 2)];
  expect(after([best("topk", 2)], ...input)).toEqual({ a: [2], b: [2] });
  expect(after([best("bottomk", 1)], ...input)).toEqual({ a: [2] });
});

test("of many series the best are chosen as of few", () => {
  const values = Array.from({ length: 500 }, (_, i) => (i * 263) % 100);
  const input = values.map((value, i) => series(String(i).padStart(3, "0"), value));
  const kept = (direction: 1 | -1): object =>
    Object.fromEntries(
      values
        .map((value, i) => ({ value, name: String(i).padStart(3, "0") }))
        .sort((a, b) => direction * (a.value - b.value) || (a.name < b.name ? -1 : 1))
        .slice(0, 7)
        .map(({ name, value }) => [name, [value]]),
    );
  expect(after([best("topk", 7)], ...input)).toEqual(kept(-1));
  expect(after([best("bottomk", 7)], ...input)).toEqual(kept(1));
  expect(after([best("topk", 600)], ...input)).toEqual(after([], ...input));
});

test("a point without a sample is no candidate", () => {
  expect(after([best("bottomk", 1)], series("a", Number.NaN, 4), series("b", 7, 9))).toEqual({
    a: [Number.NaN, 4],
    b: [7, Number.NaN],
  });
});

test("thresholds drop samples, and series without any; stages go left to right", () => {
  const input = [series("a", 1, 10), series("b", 2, 20), series("c", 3, 5)];
  expect(after([threshold(">", 4)], ...input)).toEqual({
    a: [Number.NaN, 10],
    b: [Number.NaN, 20],
    c: [Number.NaN, 5],
  });
  expect(after([threshold(">", 4), threshold("<", 20), best("topk", 1)], ...input)).toEqual({
    a: [Number.NaN, 10],
  });
  expect(after([threshold("!=", 2), threshold("=", 20)], series("b", 2, 20, Number.NaN))).toEqual({
    b: [Number.NaN, 20, Number.NaN],
  });
});

test("exemplars go with their sample, or by their own value where they have one", () => {
  const exemplar = (step: number, value: number) => {
    return { traceId: `${step}`, spanId: "s", timeMs: step, step, value };
  };
  const input = {
    ...series("a", 1, 10),
    exemplars: [exemplar(0, Number.NaN), exemplar(1, Number.NaN), exemplar(1, 3)],
  };
  const result = applyStages({ name: "rate", series: [input] }, [threshold(">", 4)]);
  expect(result.series[0]?.exemplars).toEqual([exemplar(1, Number.NaN)]);
});
