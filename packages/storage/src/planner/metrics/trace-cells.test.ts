import type { MetricSeries } from "@clew/model";
import { parse } from "@clew/traceql";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestStore, type TestStore } from "../../contract/open-test-store.ts";
import { type SampleSpan, spanBatch, spanIdOf, traceIdOf } from "../../contract/sample-spans.ts";
import { ARRIVED, MINUTE, NOON, SECOND } from "../../contract/store-in-hand.ts";
import { openChdbEngine } from "../../engines/chdb.ts";
import { storeSpans } from "../sample-store.ts";
import { readMetrics } from "./read-metrics.ts";
import { valueKey } from "./series.ts";

let store: TestStore;
const RANGE = { startNano: NOON, endNano: NOON + 4n * MINUTE };

beforeAll(async () => {
  store = await openTestStore((path) => openChdbEngine({ path }));
  await store.insert(
    spanBatch(
      Array.from({ length: 240 }, (_, i) => sample(i)),
      ARRIVED,
    ),
  );
}, 60_000);
afterAll(() => store.close());

/** Traces of four spans: a root in the shop and its three children in mail. */
function sample(i: number): SampleSpan {
  const root = i - (i % 4);
  return {
    tenant: "traces",
    trace: traceIdOf(root),
    span: spanIdOf(i),
    ...(i === root ? {} : { parent: spanIdOf(root) }),
    start: NOON + BigInt(i) * SECOND,
    duration: BigInt((i * 7) % 13) * 100_000_000n + 1n,
    service: i === root ? "shop" : "mail",
    status: i % 5 === 0 ? 2 : 0,
    attributes: { n: BigInt(i % 9), ...(i % 3 === 0 ? { tier: "gold" } : {}) },
  };
}

async function ask(text: string, exemplars = 0, tenant = "traces") {
  const query = parse(text);
  if (query.kind !== "metrics") throw new Error("not a metrics query");
  const request = {
    tenant,
    query,
    range: RANGE,
    stepNano: MINUTE,
    exemplars,
    maxSeries: 100,
  };
  return readMetrics(store.engine, request, {}, 0);
}

function plain(series: readonly MetricSeries[]): unknown {
  return series.map(({ labels, samples }) => [
    labels.map(({ name, value }) => `${name}=${valueKey(value)}`).join(" "),
    samples.map(({ timeMs, value }) => [timeMs, Number(value.toPrecision(12))]),
  ]);
}

test.each([
  "rate()",
  "count_over_time() by(resource.service.name)",
  "count_over_time() by(span.tier, status)",
  "min_over_time(duration) by(span.tier)",
  "max_over_time(span.n)",
  "sum_over_time(duration) by(name)",
  "avg_over_time(span.n) by(resource.service.name)",
  "quantile_over_time(duration, 0, .5, .9, 1)",
  "quantile_over_time(span.n, .5) by(status)",
  "histogram_over_time(duration)",
  "histogram_over_time(span.n) by(span.tier)",
])("%s over whole traces is what it is over spans", async (call) => {
  const [spans, traces] = [await ask(`{} | ${call}`), await ask(`{} && {} | ${call}`)];
  expect([spans.cost.plan.split(",")[0], traces.cost.plan]).toEqual(["spans", "traces"]);
  expect(plain(traces.series)).toEqual(plain(spans.series));
  expect(spans.series.length).toBeGreaterThan(0);
});

test.each(["{}", "{} && {}"])(
  "what is missing, infinite or past all integers is no fault of a histogram: %s",
  async (spans) => {
    const sizes = [Number.POSITIVE_INFINITY, 1e100, 3, Number.NaN, -1, undefined];
    await storeSpans(
      store,
      "infinite",
      sizes.map((size) => ({ attributes: { size } })),
    );
    const buckets = async (call: string) => {
      const { series } = await ask(`${spans} | ${call}`, 5, "infinite");
      return series.flatMap(({ labels }) => labels.map(({ value }) => valueKey(value)));
    };
    expect(await buckets("histogram_over_time(span.size)")).toEqual([
      "float:4",
      `float:${2 ** 333}`,
      "float:Infinity",
    ]);
    expect(await buckets("histogram_over_time(span.nothing)")).toEqual([]);
  },
);

test("structure, aggregates and fields of the trace decide which spans count, and under which label", async () => {
  const total = async (text: string) => {
    const { series } = await ask(text);
    return Object.fromEntries(
      series.map(({ labels, samples }) => [
        labels.map(({ value }) => valueKey(value)).join(" "),
        samples.reduce((sum, { value }) => sum + value, 0),
      ]),
    );
  };
  const roots = '{ resource.service.name = "shop" }';
  const failed = Array.from({ length: 240 }, (_, i) => i).filter((i) => i % 4 !== 0 && i % 5 === 0);
  // The span at noon itself lies on the edge and belongs to the bucket before the range.
  expect(await total(`${roots} >> { status = error } | count_over_time()`)).toEqual({
    "string:count_over_time": failed.length,
  });
  expect(await total("{} | count() > 4 | count_over_time() by(name)")).toEqual({});
  expect(
    await total("{} | count_over_time() by(rootServiceName, parent.resource.service.name)"),
  ).toEqual({
    "string:shop": 59,
    "string:shop string:shop": 180,
  });
});

test("root spans are known by themselves, without their traces", async () => {
  for (const condition of ["nestedSetParent < 0", "nestedSetParent >= 0 && status = error"]) {
    const call = "count_over_time() by(resource.service.name)";
    const [alone, traces] = [
      await ask(`{ ${condition} } | ${call}`),
      await ask(`{ ${condition} } && {} | { ${condition} } | ${call}`),
    ];
    expect([alone.cost.plan, traces.cost.plan]).toEqual(["spans", "traces"]);
    expect(plain(alone.series)).toEqual(plain(traces.series));
    expect(alone.series).toHaveLength(1);
  }
});

test("exemplars of whole traces: two a bucket, one a trace, spread over the range however few are asked for", async () => {
  const { series } = await ask("{} && {} | rate()", 100);
  const { exemplars = [] } = series[0] ?? {};
  const steps = exemplars.map(({ timeMs }) => Math.ceil((timeMs - Number(NOON) / 1e6) / 60_000));
  const ofStep = Map.groupBy(steps, (step) => step);
  expect(Math.max(...[...ofStep.values()].map((all) => all.length))).toBeLessThanOrEqual(2);
  expect(ofStep.size).toBe(4);
  expect(new Set(exemplars.map(({ traceId }) => traceId)).size).toBe(exemplars.length);
  const few = await ask("{} && {} | rate()", 2);
  expect(few.series[0]?.exemplars).toHaveLength(2);
  expect(await ask("{} && {} | rate()", 2)).toMatchObject({ series: few.series });
});
