// What a reader of the tables relies on: the goal beside the figure, and an honest verdict.

import { describe, expect, test } from "vitest";
import { type Figure, isMet, markdownTables, textTable } from "./figures.ts";

const slow: Figure = {
  part: "queries",
  name: "a | b",
  value: 61.25,
  unit: "ms",
  goal: { atMost: 60 },
};
const fast: Figure = {
  part: "ingest",
  name: "rate",
  value: 150_000,
  unit: "spans/s",
  goal: { atLeast: 150_000 },
};

describe("a figure", () => {
  test("meets a goal that it equals, and misses one that it exceeds by little", () => {
    expect(isMet(fast)).toBe(true);
    expect(isMet(slow)).toBe(false);
  });

  test("without a value has no verdict", () => {
    expect(isMet({ ...slow, value: undefined })).toBeUndefined();
    expect(textTable([{ ...slow, value: undefined }])).toContain("not measured");
  });
});

describe("the tables", () => {
  test("hold goal, figure and verdict under the part's command", () => {
    const text = markdownTables([slow, fast]);
    expect(text).toContain("`npm run bench -- queries`");
    expect(text).toContain("| a \\| b | <= 60 ms | 61.3 ms | missed |  |");
    expect(text).toContain("| rate | >= 150,000 spans/s | 150,000 spans/s | met |  |");
  });
});
