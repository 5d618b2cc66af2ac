import { expect, test } from "vitest";
import { combine, type Operand } from "./arithmetic.ts";
import { type Series, type SeriesSet, valueKey } from "./series.ts";

function labelled(labels: Readonly<Record<string, string>>, ...values: number[]): Series {
  return {
    labels: Object.entries(labels).map(([name, value]) => ({
      name,
      value: { type: "string", value },
    })),
    values: Float64Array.from(values),
    exemplars: [],
  };
}

const set = (name: string, ...series: Series[]): SeriesSet => ({ name, series });

function plain(operand: Operand): unknown {
  if (typeof operand === "number") return operand;
  return operand.series.map(({ labels, values }) => [
    labels.map(({ value }) => valueKey(value).replace("string:", "")).join(","),
    [...values],
  ]);
}

test("series with the same labels meet, whatever the order of by(); the others are dropped", () => {
  const left = set("rate", labelled({ a: "1", b: "2" }, 6, 8), labelled({ a: "9", b: "9" }, 1, 1));
  const right = set("rate", labelled({ b: "2", a: "1" }, 3, 4), labelled({ b: "3", a: "1" }, 5, 5));
  expect(plain(combine("/", left, right))).toEqual([["1,2", [2, 2]]]);
});

test("a series without labels meets every series of the other side, on either side", () => {
  const total = set("rate", labelled({}, 10, 20));
  const parts = set("rate", labelled({ a: "x" }, 1, 2), labelled({ a: "y" }, 3, 4));
  expect(plain(combine("/", parts, total))).toEqual([
    ["x", [0.1, 0.1]],
    ["y", [0.3, 0.2]],
  ]);
  expect(plain(combine("-", total, parts))).toEqual([
    ["x", [9, 18]],
    ["y", [7, 16]],
  ]);
});

test("unlabelled results are named after what they were made of", () => {
  const rate = set("rate", labelled({}, 1));
  const sum = combine("+", rate, set("count_over_time", labelled({}, 2)));
  expect(combine("*", sum, 100)).toMatchObject({ name: "((rate + count_over_time) * 100)" });
});

test("a division by zero, and what has no sample on one side, gives no sample", () => {
  const left = set("rate", labelled({}, 1, 0, Number.NaN, 6));
  const right = set("rate", labelled({}, 0, 0, 1, 2));
  expect(plain(combine("/", left, right))).toEqual([["", [Number.NaN, Number.NaN, Number.NaN, 3]]]);
});

test("numbers combine with every series from either side, and with one another", () => {
  const rate = set("rate", labelled({ a: "x" }, 2, 4));
  expect(plain(combine("-", 10, rate))).toEqual([["x", [8, 6]]]);
  expect(plain(combine("/", rate, 2))).toEqual([["x", [1, 2]]]);
  expect(combine("+", 1, 2)).toBe(3);
});

test("exemplars come from both sides, from the labelled one where the other has no labels, and show the result", () => {
  const span = (spanId: string, step: number, value = Number.NaN) => {
    return { traceId: "t", spanId, timeMs: step, step, value };
  };
  const left = { ...labelled({ a: "x" }, 1, 2), exemplars: [span("1", 0), span("2", 1, 7)] };
  const right = { ...labelled({ a: "x" }, 0, 4), exemplars: [span("2", 1), span("3", 1)] };
  const total = { ...labelled({}, 1, 1), exemplars: [span("9", 1)] };
  const shown = (operand: Operand): unknown =>
    typeof operand === "number"
      ? operand
      : operand.series.map(({ exemplars }) => exemplars.map((one) => [one.spanId, one.value]));
  const [a, b] = [set("rate", left), set("rate", right)];
  // The first bucket has no result.
  expect(shown(combine("/", a, b))).toEqual([
    [
      ["2", Number.NaN],
      ["3", Number.NaN],
    ],
  ]);
  expect(shown(combine("+", set("rate", total), b))).toEqual([
    [
      ["2", Number.NaN],
      ["3", Number.NaN],
    ],
  ]);
  expect(shown(combine("*", a, 2))).toEqual([
    [
      ["1", Number.NaN],
      ["2", Number.NaN],
    ],
  ]);
});
