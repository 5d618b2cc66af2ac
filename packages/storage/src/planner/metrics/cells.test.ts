import { ClewError } from "@clew/base";
import { parse } from "@clew/traceql";
import { expect, test } from "vitest";
import { openTestStore } from "../../contract/open-test-store.ts";
import { NOON, RANGE, SECOND } from "../../contract/store-in-hand.ts";
import { openChdbEngine } from "../../engines/chdb.ts";
import { openTraceqlReader } from "../open-traceql-reader.ts";
import { Cells, MAX_GROUPS } from "./cells.ts";
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
  const instant = new Cells(["sum"], 1);
  const fillOne = (): void => {
    for (let i = 0; i <= MAX_GROUPS; i++) instant.group(group(String(i)));
  };
  expect(fillOne).toThrow("more than 100000 groups");
  expect(instant.groups).toHaveLength(MAX_GROUPS);
});

test("a question of 300,000 groups is refused before they are held, also under topk", async () => {
  const store = await openTestStore((path) => openChdbEngine({ path }));
  try {
    await store.engine.command(
      `INSERT INTO spans (tenant, day, keep_days, minute, start, trace_id, span_id, service, name)
       SELECT 'many', toDate(fromUnixTimestamp64Nano(at)), 3650, intDiv(at, 60000000000), fromUnixTimestamp64Nano(at),
         toFixedString(leftPad(toString(number), 16, '0'), 16),
         toFixedString(leftPad(toString(number), 8, '0'), 8), 'web', 'get'
       FROM (SELECT number, toInt64(${NOON + SECOND} + number * 1000) AS at FROM numbers(300000))`,
    );
    const reader = openTraceqlReader(store.engine);
    const ask = async (text: string): Promise<unknown> => {
      const query = parse(text);
      if (query.kind !== "metrics") throw new Error("not a metrics query");
      return reader.metrics({ tenant: "many", range: RANGE, query, exemplars: 0, maxSeries: 10 });
    };
    for (const end of ["", " | topk(3)"]) {
      await expect(ask(`{ } | rate() by(span:id)${end}`)).rejects.toMatchObject({
        code: "limit_exceeded",
        message: expect.stringMatching(/more (than|groups than its limit of) 100000/),
        hint: expect.stringContaining("by()"),
      });
    }
  } finally {
    await store.close();
  }
}, 60_000);

test("a quantile is the value at rank ceil(p * n), whole products included", () => {
  const sorted = Float64Array.from({ length: 100 }, (_, i) => i + 1);
  expect([0, 0.01, 0.29, 0.5, 0.57, 0.99, 0.991, 1].map((p) => nearestRank(sorted, p))).toEqual([
    1, 1, 29, 50, 57, 99, 100, 100,
  ]);
  expect(nearestRank(Float64Array.of(7), 0.5)).toBe(7);
});
