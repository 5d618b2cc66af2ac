import type { MetricSeries, TimeRange } from "@clew/model";
import { type MetricsQuery, parse } from "@clew/traceql";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestStore, type TestStore } from "../../contract/open-test-store.ts";
import { type SampleSpan, spanBatch, spanIdOf, traceIdOf } from "../../contract/sample-spans.ts";
import { ARRIVED, HOSTILE, MINUTE, NOON, SECOND } from "../../contract/store-in-hand.ts";
import { openChdbEngine } from "../../engines/chdb.ts";
import { OTHER_NAME } from "../../write/red-sums.ts";
import { readMetrics } from "./read-metrics.ts";
import { valueKey } from "./series.ts";

let store: TestStore;
let ids = 0;
const HOUR = 60n * MINUTE;

beforeAll(async () => {
  store = await openTestStore((path) => openChdbEngine({ path }));
}, 60_000);
afterAll(() => store.close());

function span(tenant: string, start: bigint, more: Partial<SampleSpan> = {}): SampleSpan {
  const id = ids++;
  return { tenant, trace: traceIdOf(id), span: spanIdOf(id), start: NOON + start, ...more };
}

function metricsQuery(text: string): MetricsQuery {
  const query = parse(text);
  if (query.kind !== "metrics") throw new Error("not a metrics query");
  return query;
}

interface Asked {
  readonly tenant: string;
  readonly text: string;
  readonly range: TimeRange;
  readonly stepNano?: bigint;
}

const LATER = Number(NOON / SECOND) + 1_000_000;

/** `now` 0 makes every minute too young for rollups. */
async function ask({ text, ...query }: Asked, now = LATER) {
  const request = { ...query, query: metricsQuery(text), exemplars: 0, maxSeries: 1000 };
  const { series, cost } = await readMetrics(store.engine, request, {}, now);
  return { values: plain(series), plan: cost.plan };
}

function plain(series: readonly MetricSeries[]): unknown {
  return series.map(({ labels, samples }) => [
    labels.map(({ name, value }) => `${name}=${valueKey(value)}`).join(" "),
    samples.map(({ timeMs, value }) => [timeMs, Number(value.toPrecision(12))]),
  ]);
}

/** Many on whole minutes, which are edges of buckets. */
const starts = fc.oneof(
  fc.integer({ min: 0, max: 239 }).map((minute) => BigInt(minute) * MINUTE),
  fc.bigInt({ min: 0n, max: 4n * HOUR }),
);
const spans = fc.array(
  fc.record({
    start: starts,
    duration: fc.constantFrom(1n, 1000n, SECOND, 7n * SECOND, 60n * SECOND),
    service: fc.constantFrom("shop", "mail"),
    name: fc.constantFrom("GET /", "POST /"),
    kind: fc.constantFrom(1, 2, 3),
    status: fc.constantFrom(0, 2),
  }),
  { minLength: 1, maxLength: 60 },
);
const functions = fc.constantFrom(
  "rate()",
  "count_over_time()",
  "sum_over_time(duration)",
  "avg_over_time(duration)",
  "max_over_time(duration)",
  "count_over_time() with(extrapolate=true)",
);
const filters = fc.constantFrom(
  "{}",
  '{ resource.service.name = "shop" }',
  '{ resource.service.name != "shop" && status = error }',
  '{ name =~ "GET.*" || !(kind = server) }',
  "{ kind != client } | { status != error }",
  '{ name = "GET /" } || { name !~ "GET.*" }',
);
const groups = fc.constantFrom("", "resource.service.name", "name, status", "kind");
const ranges = fc.record({
  from: fc.bigInt({ min: 0n, max: HOUR }),
  length: fc.bigInt({ min: 10n * MINUTE, max: 3n * HOUR }),
  stepNano: fc.constantFrom(undefined, 3n * MINUTE, 5n * MINUTE, HOUR),
  settledMinutes: fc.constantFrom(1_000_000, 150, 200),
});

test("rollups answer as a scan does, edges of buckets and ragged ends included", async () => {
  let tenants = 0;
  let fromRollups = 0;
  await fc.assert(
    fc.asyncProperty(
      spans,
      fc.array(fc.tuple(filters, functions, groups, ranges), { minLength: 8, maxLength: 8 }),
      async (stored, questions) => {
        const tenant = `equal-${tenants++}`;
        const batch = stored.map(({ start, ...more }) => span(tenant, start, more));
        await store.insert(spanBatch(batch, ARRIVED));
        for (const [filter, call, by, { from, length, stepNano, settledMinutes }] of questions) {
          const [head = "", hints = ""] = call.split(/(?= with)/);
          const text = `${filter} | ${head}${by === "" ? "" : ` by(${by})`}${hints}`;
          const range = { startNano: NOON + from, endNano: NOON + from + length };
          const asked: Asked = {
            tenant,
            text,
            range,
            ...(stepNano === undefined ? {} : { stepNano }),
          };
          const now = Number(NOON / SECOND) + settledMinutes * 60;
          const [rollup, scan] = [await ask(asked, now), await ask(asked, 0)];
          expect([text, rollup.values]).toEqual([text, scan.values]);
          expect(scan.plan).toBe("spans");
          if (rollup.plan === "rollup") fromRollups++;
        }
      },
    ),
    { numRuns: 8, seed: 7 },
  );
  expect(fromRollups).toBeGreaterThan(20);
}, 120_000);

const RANGE = { startNano: NOON, endNano: NOON + HOUR };

test("what rollups do not know is scanned", async () => {
  const tenant = "scanned";
  await store.insert(spanBatch([span(tenant, 1n, { attributes: { a: 1n } })], ARRIVED));
  const plan = async (text: string, stepNano: bigint | undefined) =>
    (await ask({ tenant, text, range: RANGE, ...(stepNano === undefined ? {} : { stepNano }) }))
      .plan;
  expect(await plan("{} | rate()", 5n * MINUTE)).toBe("rollup");
  for (const [text, stepNano] of [
    ["{ span.a = 1 } | rate()", 5n * MINUTE],
    ["{} | rate() by(span.a)", 5n * MINUTE],
    ["{ .service.name = `x` } | rate()", 5n * MINUTE],
    ["{ duration > 1s } | rate()", 5n * MINUTE],
    ["{} | min_over_time(duration)", 5n * MINUTE],
    ["{} | rate()", 90n * SECOND],
    ["{} | rate()", 1n * MINUTE],
  ] as const) {
    expect([text, await plan(text, stepNano)]).toEqual([text, "spans"]);
  }
});

test("sums of spans that stand for several are scanned unless the query extrapolates", async () => {
  const tenant = "weights";
  await store.insert(
    spanBatch([span(tenant, 1n, { weight: 3, duration: SECOND }), span(tenant, 2n)], ARRIVED),
  );
  const asked = { tenant, range: RANGE, stepNano: 10n * MINUTE };
  expect((await ask({ ...asked, text: "{} | sum_over_time(duration)" })).plan).toBe("spans");
  const weighed = await ask({
    ...asked,
    text: "{} | sum_over_time(duration) with(extrapolate=true)",
  });
  expect(weighed).toMatchObject({
    plan: "rollup",
    values: [["__name__=string:sum_over_time", [[Number(NOON / 1_000_000n) + 600_000, 3.001]]]],
  });
});

test("operations that were too many for the rollups are told apart by a scan", async () => {
  const tenant = "names";
  await store.insert(spanBatch([span(tenant, 1n, { name: OTHER_NAME })], ARRIVED));
  const asked = { tenant, range: RANGE, stepNano: 10n * MINUTE };
  expect((await ask({ ...asked, text: "{} | rate() by(name)" })).plan).toBe("spans");
  expect((await ask({ ...asked, text: "{} | rate() by(kind)" })).plan).toBe("rollup");
});

test("values are data, whatever they look like, in rollups and in scans", async () => {
  const tenant = "hostile";
  await store.insert(spanBatch([span(tenant, 1n, { name: HOSTILE }), span(tenant, 2n)], ARRIVED));
  const asked = { tenant, range: RANGE, stepNano: 10n * MINUTE };
  for (const condition of [
    `name = ${JSON.stringify(HOSTILE)}`,
    `name =~ ${JSON.stringify("'; DROP.*")}`,
  ]) {
    const text = `{ ${condition} } | count_over_time() by(name) > 0`;
    const [rollup, scan] = [await ask({ ...asked, text }), await ask({ ...asked, text }, 0)];
    expect([rollup.plan, scan.plan]).toEqual(["rollup", "spans"]);
    expect(rollup.values).toEqual([
      [`name=string:${HOSTILE}`, [[Number(NOON / 1_000_000n) + 600_000, 1]]],
    ]);
    expect(scan.values).toEqual(rollup.values);
  }
});

test("a client that has gone away stops its query", async () => {
  const query = metricsQuery("{} | rate() by(name)");
  const request = { tenant: "hostile", query, range: RANGE, exemplars: 10, maxSeries: 10 };
  const answer = readMetrics(store.engine, request, { signal: AbortSignal.abort() });
  await expect(answer).rejects.toMatchObject({ code: "cancelled" });
});
