import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestStore, type TestStore } from "../../contract/open-test-store.ts";
import { type SampleSpan, spanBatch, spanIdOf, traceIdOf } from "../../contract/sample-spans.ts";
import { ARRIVED, MINUTE, NOON } from "../../contract/store-in-hand.ts";
import { openChdbEngine } from "../../engines/chdb.ts";
import type { RedSeriesReader, SpanIncrementsQuery } from "../../red-series-reader.ts";
import { openRedSeriesReader } from "./open-red-series-reader.ts";

let store: TestStore;
let reader: RedSeriesReader;
let spans = 0;

const MS = 1_000_000n;
const SPAN: SpanIncrementsQuery = {
  tenant: "red",
  range: { startNano: NOON, endNano: NOON + 4n * MINUTE },
  stepNano: MINUTE,
  matchers: [],
  by: ["service", "span_kind"],
  histogram: false,
  maxSeries: 10,
};

function span(minute: number, more: Partial<SampleSpan> = {}): SampleSpan {
  const id = spans++;
  return {
    tenant: "red",
    trace: traceIdOf(id),
    span: spanIdOf(id),
    start: NOON + BigInt(minute) * MINUTE + 5n * MS,
    duration: 100n * MS,
    kind: 2,
    name: "GET /cart",
    ...more,
  };
}

beforeAll(async () => {
  store = await openTestStore((path) => openChdbEngine({ path }));
  reader = openRedSeriesReader(store.engine);
  const client = span(1, { service: "web", kind: 3, name: "call", duration: 120n * MS });
  const batch = spanBatch(
    [
      span(0, { service: "shop" }),
      span(0, { service: "shop", status: 2, weight: 4 }),
      span(2, { service: "shop", name: "GET /pay" }),
      span(3, { service: "mail" }),
      span(4, { service: "late" }),
      client,
      span(1, { service: "shop", trace: client.trace, parent: client.span, status: 2 }),
      span(1, {
        service: "shop",
        kind: 3,
        attributes: { "db.system.name": "redis" },
        duration: 10n * MS,
      }),
    ],
    ARRIVED,
  );
  await store.insert(batch);
}, 60_000);
afterAll(() => store.close());

test("counts, errors and seconds of a step are weighted, and other labels summed over", async () => {
  const series = await reader.spanIncrements(SPAN);
  const shop = series.find(
    ({ labels }) => labels.service === "shop" && labels.span_kind === "SPAN_KIND_SERVER",
  );
  expect([...(shop?.count ?? [])]).toEqual([5, 1, 1, 0]);
  expect([...(shop?.errors ?? [])]).toEqual([4, 1, 0, 0]);
  expect(shop?.seconds[0]).toBeCloseTo(0.5, 9);
  expect(shop?.histogram).toBeUndefined();
  expect(series.map(({ labels }) => labels.service ?? "").sort()).toEqual([
    "mail",
    "shop",
    "shop",
    "web",
  ]);
});

test("matchers choose by operation, kind and status, patterns match whole values", async () => {
  const names = async (...matchers: SpanIncrementsQuery["matchers"]): Promise<string[]> => {
    const series = await reader.spanIncrements({ ...SPAN, by: ["span_name"], matchers });
    return series.map(({ labels }) => labels.span_name ?? "").sort();
  };
  expect(await names({ label: "span_name", operator: "=~", value: "GET .*" })).toEqual([
    "GET /cart",
    "GET /pay",
  ]);
  expect(await names({ label: "span_name", operator: "=~", value: "GET" })).toEqual([]);
  expect(await names({ label: "span_name", operator: "!~", value: "GET.*|work" })).toEqual([
    "call",
  ]);
  expect(await names({ label: "status_code", operator: "=", value: "STATUS_CODE_ERROR" })).toEqual([
    "GET /cart",
  ]);
  const bad = reader.spanIncrements({
    ...SPAN,
    tenant: "nobody",
    matchers: [{ label: "service", operator: "=~", value: "(" }],
  });
  await expect(bad).rejects.toMatchObject({ code: "bad_request" });
});

test("a histogram counts each duration in its bucket", async () => {
  const [one] = await reader.spanIncrements({
    ...SPAN,
    by: [],
    histogram: true,
    matchers: [{ label: "service", operator: "=", value: "mail" }],
  });
  expect(one?.labels).toEqual({});
  expect(one?.histogram?.[3]).toEqual(new Map([[Math.floor(Math.log2(1e8) * 16), 1]]));
  expect(one?.histogram?.[0]?.size).toBe(0);
});

test("edges tell client, server and how they are connected", async () => {
  const { histogram: _, ...query } = {
    ...SPAN,
    by: ["client", "server", "connection_type"] as const,
  };
  const edges = await reader.edgeIncrements({ ...query, matchers: [], histogram: false });
  expect(edges.map(({ labels }) => labels)).toEqual(
    expect.arrayContaining([
      { client: "web", server: "shop", connection_type: "" },
      { client: "shop", server: "redis", connection_type: "database" },
    ]),
  );
  const call = edges.find(({ labels }) => labels.client === "web");
  expect([...(call?.count ?? [])]).toEqual([0, 1, 0, 0]);
  expect(Math.abs((call?.seconds[1] ?? 0) - 0.12)).toBeLessThan(0.12 * 0.022);
});

test("whole hours come from hourly rows with the same sums", async () => {
  const hour = {
    ...SPAN,
    stepNano: 60n * MINUTE,
    range: { startNano: NOON, endNano: NOON + 60n * MINUTE },
  };
  for (const by of [["service"], ["span_name"]] as const) {
    const series = await reader.spanIncrements({ ...hour, by });
    expect(series.reduce((sum, { count }) => sum + (count[0] ?? 0), 0)).toBe(11);
  }
});

test("too many series and ragged minutes are refused", async () => {
  await expect(reader.spanIncrements({ ...SPAN, maxSeries: 2 })).rejects.toMatchObject({
    code: "limit_exceeded",
  });
  await expect(
    reader.spanIncrements({ ...SPAN, stepNano: 90n * 1_000_000_000n }),
  ).rejects.toMatchObject({
    code: "bad_request",
  });
});
