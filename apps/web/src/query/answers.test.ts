import type { MetricSeries, TypedValue } from "@clew/model";
import { parse } from "@clew/traceql";
import { describe, expect, it } from "vitest";
import { comparisonOf } from "./comparison.ts";
import { heatGroups, heatmapOf } from "./heat.ts";
import { remembered } from "./history.ts";
import { columnsOf, factsOf, formatUnit, seriesNames, unitOf } from "./series.ts";
import { compareValues, conditionOfValue, valueText } from "./typed-text.ts";

function series(
  labels: Readonly<Record<string, TypedValue>>,
  samples: readonly (readonly [number, number])[],
): MetricSeries {
  return {
    labels: Object.entries(labels).map(([name, value]) => ({ name, value })),
    samples: samples.map(([timeMs, value]) => ({ timeMs, value })),
    exemplars: [],
  };
}
const text = (value: string): TypedValue => ({ type: "string", value });
const float = (value: number): TypedValue => ({ type: "float", value });

describe("series", () => {
  it("are called by their values, and by names where labels differ", () => {
    const rates = [series({ name: text("GET") }, []), series({ name: { type: "nil" } }, [])];
    expect(seriesNames(rates)).toEqual(["GET", "none"]);
    expect(seriesNames([series({ p: float(0.99), name: text("GET") }, [])])).toEqual(["p99 · GET"]);
    expect(seriesNames([series({ __name__: text("rate") }, [])])).toEqual(["rate"]);
    expect(seriesNames([...rates, series({ kind: text("x"), name: text("y") }, [])])[2]).toBe(
      "kind=x · name=y",
    );
  });

  it("line up on one axis of time, gaps as gaps", () => {
    const made = columnsOf([
      series({}, [
        [1000, 1],
        [3000, 3],
      ]),
      series({}, [[2000, Number.NaN]]),
    ]);
    expect(made.times).toEqual([1, 2, 3]);
    expect(made.values).toEqual([
      [1, null, 3],
      [null, null, null],
    ]);
    expect(
      factsOf(
        series({}, [
          [1, 2],
          [2, 6],
          [3, 1],
        ]),
      ),
    ).toEqual({ least: 1, mean: 3, most: 6, last: 1 });
  });

  it.each([
    ["{ } | rate()", "rate", 0.25, "0.25/s"],
    ["{ } | quantile_over_time(duration, .9)", "seconds", 0.25, "250 ms"],
    ["{ } | avg_over_time(span.size)", "number", 1234, "1,234"],
    ["({ } | rate()) / ({ } | rate())", "number", 0.5, "0.5"],
    ["({ } | rate()) * 60", "rate", 2, "2/s"],
    ["({ } | count_over_time()) + ({ } | count_over_time())", "count", 12_345, "12.3k"],
  ])("of %s are %s", (query, unit, value, shown) => {
    expect(unitOf(parse(query))).toBe(unit);
    expect(formatUnit(value, unitOf(parse(query)))).toBe(shown);
  });
});

describe("a heat map", () => {
  it("has a row for every power of two between the least and the most, columns at the start of steps", () => {
    const bucket = (exponent: number): TypedValue => float(2 ** exponent / 1e9);
    const made = heatmapOf(
      [
        series({ "resource.service.name": text("a"), __bucket: bucket(20) }, [
          [10_000, 4],
          [20_000, 0],
        ]),
        series({ "resource.service.name": text("b"), __bucket: bucket(20) }, [[20_000, 1]]),
        series({ "resource.service.name": text("a"), __bucket: bucket(22) }, [[20_000, 2]]),
      ],
      10e9,
      1e9,
    );
    expect(made.bucketNano).toEqual([2 ** 19, 2 ** 20, 2 ** 21, 2 ** 22]);
    expect(made.counts).toEqual([
      [4, 0, 0],
      [1, 0, 2],
    ]);
    expect(made.startUnixNano).toBe("0");
  });

  it("is made of one group when asked, and is empty without any", () => {
    const all = [
      series({ k: text("a"), __bucket: float(1) }, [[1000, 3]]),
      series({ k: text("b"), __bucket: float(1) }, [[1000, 4]]),
    ];
    expect(heatGroups(all)).toEqual(["a", "b"]);
    expect(heatmapOf(all, 1e9, 1e9, "b").counts).toEqual([[4]]);
    expect(heatmapOf([], 1e9, 1e9).counts).toEqual([]);
  });
});

it("a comparison puts the attribute first whose shares differ most", () => {
  const part = (type: string, name: string, value: TypedValue, count: number): MetricSeries =>
    series({ __meta_type: text(type), [name]: value }, [[1, count]]);
  const nil: TypedValue = { type: "nil" };
  const made = comparisonOf([
    part("selection", "span.zone", text("x"), 9),
    part("selection_total", "span.zone", nil, 10),
    part("baseline", "span.zone", text("x"), 10),
    part("baseline_total", "span.zone", nil, 100),
    part("selection", "name", text("GET"), 5),
    part("selection_total", "name", nil, 10),
    part("baseline", "name", text("GET"), 50),
    part("baseline_total", "name", nil, 100),
    series(
      { __meta_type: text("baseline"), __meta_error: text("__too_many_values__"), id: nil },
      [],
    ),
  ]);
  expect(made).toMatchObject({ selection: 10, baseline: 100 });
  expect(made.attributes.map(({ name, hasTooMany }) => [name, hasTooMany])).toEqual([
    ["span.zone", false],
    ["name", false],
    ["id", true],
  ]);
  expect(made.attributes[0]?.difference).toBeCloseTo(0.8);
});

describe("values", () => {
  it("become conditions that find them again", () => {
    const cases: readonly (readonly [string, TypedValue, string | undefined])[] = [
      ["span.a", text('say "hi"'), '{ span.a != "say \\"hi\\"" }'],
      ["duration", { type: "duration", value: "1500" }, "{ duration != 1us500ns }"],
      ["status", { type: "status", value: "error" }, "{ status != error }"],
      [".n", { type: "int", value: "-5" }, "{ .n != -5 }"],
      ["by(span.a)", { type: "bool", value: true }, "{ span.a != true }"],
      [".a", { type: "nil" }, "{ .a != nil }"],
      [".a", float(2), "{ .a != 2.0 }"],
      ["count()", { type: "int", value: "5" }, undefined],
      ["p", float(0.5), undefined],
      ["__bucket", float(0.5), undefined],
    ];
    for (const [name, value, wanted] of cases) {
      const made = conditionOfValue({ name, value }, "!=");
      if (wanted === undefined) expect(made).toBeUndefined();
      else expect(parse(`{ ${made} }`)).toMatchObject(strip(parse(wanted)));
    }
  });

  it("are one line for the eye, and in order", () => {
    expect(valueText(text("a\nb\u202e"))).not.toMatch(/[\n\u202e]/);
    expect(valueText(text(""))).toBe("(empty)");
    const sorted = [
      text("b"),
      { type: "nil" } as const,
      float(2),
      { type: "int", value: "10" } as const,
      text("a"),
    ];
    expect(sorted.sort(compareValues).map((one) => valueText(one))).toEqual([
      "2",
      "10",
      "a",
      "b",
      "none",
    ]);
  });
});

/** The tree without the places and spellings of its nodes. */
function strip(node: unknown): object {
  return JSON.parse(
    JSON.stringify(node, (key, value: unknown) =>
      key === "at" || key === "hints" || typeof value === "bigint" ? undefined : value,
    ),
  ) as object;
}

it("history holds a query once, the newest first, and no monsters", () => {
  expect(remembered(["{ }", "{ .a = 1 }"], " { .a = 1 } ")).toEqual(["{ .a = 1 }", "{ }"]);
  expect(remembered([], "x".repeat(5000))).toEqual([]);
  expect(
    remembered(
      Array.from({ length: 40 }, (_, i) => String(i)),
      "new",
    ),
  ).toHaveLength(30);
});
