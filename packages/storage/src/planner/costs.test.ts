// What answers say that they cost, on the embedded engine.

import type { ReadCost } from "@clew/model";
import { parse, parseFilter } from "@clew/traceql";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestStore, type TestStore } from "../contract/open-test-store.ts";
import { NOON, RANGE, SECOND } from "../contract/store-in-hand.ts";
import { openChdbEngine } from "../engines/chdb.ts";
import type { TraceqlReader } from "../traceql-reader.ts";
import { readMetrics } from "./metrics/read-metrics.ts";
import { openTraceqlReader } from "./open-traceql-reader.ts";
import { ReadMeter } from "./read-meter.ts";
import { storeSpans } from "./sample-store.ts";

const TENANT = "costs";
const SPANS = 600;
let store: TestStore;
let reader: TraceqlReader;

beforeAll(async () => {
  store = await openTestStore((path) => openChdbEngine({ path }));
  reader = openTraceqlReader(store.engine);
  const numbers = Array.from({ length: SPANS }, (_, i) => i + 1);
  await storeSpans(
    store,
    TENANT,
    numbers.map((i) => ({
      trace: Math.ceil(i / 2).toString(16),
      ...(i % 2 === 0 ? { parent: (i - 1).toString(16) } : {}),
      attributes: { size: BigInt(i) },
    })),
  );
}, 60_000);
afterAll(() => store.close());

async function costOf(text: string): Promise<ReadCost> {
  const query = parse(text);
  const asked = { tenant: TENANT, range: RANGE };
  const { cost } =
    query.kind === "spans"
      ? await reader.search({ ...asked, query, sort: "slowest", limit: 5, spansPerSpanset: 3 })
      : await reader.metrics({ ...asked, query, exemplars: 0, maxSeries: 10 });
  return cost;
}

test.each([
  ["spans, found", "{ span.size > 500 }", "spans"],
  ["spans, none found", "{ span.size > 10000 }", "spans"],
  ["traces, found", "{ span.size > 10 } >> { span.size < 20 }", "traces"],
  ["metrics of spans", "{ span.size > 500 } | rate() by(name)", "spans"],
  ["metrics of traces", "{ } >> { } | rate()", "traces"],
  ["a comparison", "{ } | compare({ span.size > 500 })", "spans"],
])("%s: the rows of all spans are counted, and their bytes", async (_, text, plan) => {
  const cost = await costOf(text);
  expect(cost.plan).toBe(plan);
  expect(cost.rows).toBeGreaterThanOrEqual(SPANS);
  expect(cost.bytes).toBeGreaterThan(cost.rows);
});

test("an answer from rollups counts their few rows, not the spans", async () => {
  const query = parse("{ } | count_over_time() by(name)");
  if (query.kind !== "metrics") throw new Error("not a metrics query");
  const meter = new ReadMeter(store.engine);
  const asked = { tenant: TENANT, range: RANGE, query, exemplars: 0, maxSeries: 10 };
  const later = Number(NOON / SECOND) + 1_000_000;
  const answer = await readMetrics(meter.engine, asked, {}, later);
  const { cost } = meter.withCost(answer);
  expect(answer.series[0]?.samples[0]?.value).toBe(SPANS);
  expect(cost.plan).toBe("rollup");
  expect(cost.rows).toBeGreaterThan(0);
  expect(cost.rows).toBeLessThan(SPANS);
});

test("lists for completion count what they read, of the catalogue or of spans", async () => {
  const asked = { tenant: TENANT, range: RANGE, limit: 100 };
  const filter = parseFilter("{ span.size > 500 }");
  if (filter === undefined) throw new Error("no filter");
  const field = {
    kind: "attribute",
    owner: "self",
    scope: "resource",
    name: "service.name",
  } as const;
  const value = { ...field, text: "resource.service.name", at: { start: 0, end: 0 } };
  const all = [await reader.tagNames(asked), await reader.tagValues({ ...asked, field: value })];
  const some = [
    await reader.tagNames({ ...asked, filter }),
    await reader.tagValues({ ...asked, filter, field: value }),
  ];
  for (const { cost } of all) {
    expect(cost).toMatchObject({ plan: "catalogue" });
    expect(cost.rows).toBeGreaterThan(0);
  }
  for (const { cost } of some) {
    expect(cost).toMatchObject({ plan: "spans" });
    expect(cost.rows).toBeGreaterThanOrEqual(SPANS);
  }
});
