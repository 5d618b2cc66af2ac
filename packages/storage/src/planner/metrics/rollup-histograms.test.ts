import { parse, type RangeAggregate } from "@clew/traceql";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestStore, type TestStore } from "../../contract/open-test-store.ts";
import { spanBatch, spanIdOf, traceIdOf } from "../../contract/sample-spans.ts";
import { ARRIVED, MINUTE, NOON } from "../../contract/store-in-hand.ts";
import { openChdbEngine } from "../../engines/chdb.ts";
import { prepareFields } from "../field-sql.ts";
import { Cells } from "./cells.ts";
import { foldsOf } from "./first-stage.ts";
import { rollupHistograms } from "./rollup-histograms.ts";
import { rollupPlan } from "./rollup-plan.ts";
import { type Scan, scanCells } from "./scan-cells.ts";
import { spanFilterOf } from "./span-filter.ts";
import { type Steps, stepsOf } from "./steps.ts";

let store: TestStore;
const HOUR = 60n * MINUTE;
const LATER = Number(NOON / 1_000_000_000n) + 1_000_000;

beforeAll(async () => {
  store = await openTestStore((path) => openChdbEngine({ path }));
  const spans = Array.from({ length: 4000 }, (_, i) => ({
    tenant: "large",
    trace: traceIdOf(i),
    span: spanIdOf(i),
    start: NOON + BigInt(i) * 1_800_000_000n + 1n,
    duration: BigInt((i * 7919) % 4000) * 1_000_003n + 3n,
    service: i % 2 === 0 ? "even" : "odd",
  }));
  await store.insert(spanBatch(spans, ARRIVED));
}, 60_000);
afterAll(() => store.close());

async function scanOf(text: string, steps: Steps): Promise<Scan> {
  const query = parse(text);
  if (query.kind !== "metrics" || query.expression.kind !== "series") throw new Error(text);
  const { pipeline, function: range } = query.expression;
  const filter = spanFilterOf(pipeline);
  if (range.kind !== "range" || filter === undefined) throw new Error(text);
  const fields = await prepareFields(store.engine, "large", range.by, {});
  return { tenant: "large", filter, fields, range, steps, isWeighted: false };
}

function empty(range: RangeAggregate, steps: Steps): Cells {
  return new Cells(foldsOf(range), steps.count);
}

function valuesOf(cells: Cells): Map<string, number[]> {
  const rows = cells.groups.map((group, at): [string, number[]] => [
    JSON.stringify(group),
    cells.folds.flatMap((_, column) => [...cells.column(at, column)]),
  ]);
  return new Map(rows);
}

const RAGGED = { startNano: NOON + 90_000_000_000n, endNano: NOON + 2n * HOUR - 7_000_000_000n };

test.each([
  ["hours", stepsOf({ startNano: NOON, endNano: NOON + 2n * HOUR }, HOUR)],
  ["an instant with ragged ends", stepsOf(RAGGED, undefined)],
])(
  "quantiles of %s from histograms are right to a bucket, sketched ones to half a hundredth",
  async (_, steps) => {
    const text = "{} | quantile_over_time(duration, .1, .5, .99) by(resource.service.name)";
    const scan = await scanOf(text, steps);
    const [exact, rolled, sketched] = [0, 0, 0].map(() => empty(scan.range, steps)) as [
      Cells,
      Cells,
      Cells,
    ];
    await scanCells(store.engine, scan, exact, {});
    await scanCells(store.engine, { ...scan, isSketched: true }, sketched, {});
    const plan = rollupPlan(scan.filter, scan.range, steps, LATER);
    if (plan === undefined) throw new Error("no plan");
    const read = { ...scan, plan };
    expect(await rollupHistograms(store.engine, read, scan, rolled, {})).toBe(true);
    expect(valuesOf(exact).size).toBe(2);
    for (const [group, values] of valuesOf(exact)) {
      for (const [i, value] of values.entries()) {
        expect(Math.abs((valuesOf(rolled).get(group)?.[i] ?? 0) / value - 1)).toBeLessThan(0.044);
        expect(Math.abs((valuesOf(sketched).get(group)?.[i] ?? 0) / value - 1)).toBeLessThan(
          0.0051,
        );
      }
    }
  },
);

test("weighted sketches are near exact values too", async () => {
  const steps = stepsOf({ startNano: NOON, endNano: NOON + 2n * HOUR }, HOUR);
  const text = "{} | quantile_over_time(duration, .5, .99) by(resource.service.name)";
  const scan = { ...(await scanOf(text, steps)), isWeighted: true };
  const [exact, sketched] = [empty(scan.range, steps), empty(scan.range, steps)];
  await scanCells(store.engine, scan, exact, {});
  await scanCells(store.engine, { ...scan, isSketched: true }, sketched, {});
  for (const [group, values] of valuesOf(exact)) {
    for (const [i, value] of values.entries()) {
      expect(Math.abs((valuesOf(sketched).get(group)?.[i] ?? 0) / value - 1)).toBeLessThan(0.02);
    }
  }
});

test("a histogram from rollups counts as a scan does where no duration is a power of two", async () => {
  const steps = stepsOf({ startNano: NOON, endNano: NOON + 2n * HOUR }, HOUR);
  const scan = await scanOf("{} | histogram_over_time(duration) by(resource.service.name)", steps);
  const [exact, rolled] = [empty(scan.range, steps), empty(scan.range, steps)];
  await scanCells(store.engine, scan, exact, {});
  const plan = rollupPlan(scan.filter, scan.range, steps, LATER);
  if (plan === undefined) throw new Error("no plan");
  await rollupHistograms(store.engine, { ...scan, plan }, scan, rolled, {});
  expect(valuesOf(rolled)).toEqual(valuesOf(exact));
  expect(valuesOf(exact).size).toBeGreaterThan(10);
});
