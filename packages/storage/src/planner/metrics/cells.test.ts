import { ClewError } from "@clew/base";
import { expect, test } from "vitest";
import { Cells } from "./cells.ts";
import { nearestRank } from "./quantile.ts";

const group = (value: string) => [{ type: "string", value } as const];

test("partial results of several reads fold into one another, and what never came stays empty", () => {
  const cells = new Cells(["sum", "min", "max"], 3);
  for (const value of [5, 2, 9]) {
    for (const column of [0, 1, 2]) cells.fold(cells.group(group("a")), column, 1, value);
  }
  const columns = [0, 1, 2].map((column) => [...cells.column(cells.group(group("a")), column)]);
  expect(columns).toEqual([16, 2, 9].map((value) => [Number.NaN, value, Number.NaN]));
  expect(cells.group(group("b"))).toBe(1);
  expect(cells.group([{ type: "int", value: "1" }])).not.toBe(cells.group(group("1")));
});

test("groups past what memory should hold are refused with a way out", () => {
  const cells = new Cells(["sum"], 10_000);
  const fill = (): void => {
    for (let i = 0; i <= 400; i++) cells.group(group(String(i)));
  };
  expect(fill).toThrow(ClewError);
  expect(fill).toThrow("more than 400 groups of 10000 steps");
});

test("a quantile is the value at rank ceil(p * n), whole products included", () => {
  const sorted = Float64Array.from({ length: 100 }, (_, i) => i + 1);
  expect([0, 0.01, 0.29, 0.5, 0.57, 0.99, 0.991, 1].map((p) => nearestRank(sorted, p))).toEqual([
    1, 1, 29, 50, 57, 99, 100, 100,
  ]);
  expect(nearestRank(Float64Array.of(7), 0.5)).toBe(7);
});
