// The Monitor tab's numbers, from series and heat maps with known contents.

import type { Heatmap, RedSeries } from "@clew/model";
import type { SeriesQuery } from "@clew/storage";
import { expect, test } from "vitest";
import { createApiServer } from "../http/server.ts";
import { memoryTraceReader } from "../native/testing/memory-trace-reader.ts";
import { now, shop } from "../native/testing/shop.ts";
import { jaegerApi } from "./plugin.ts";

const minute = 60_000_000_000n;
const ms = 1_000_000;

interface Family {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly metrics: readonly {
    readonly labels: readonly { readonly name: string; readonly value: string }[];
    readonly metricPoints: readonly {
      readonly gaugeValue: { readonly doubleValue: number };
      readonly timestamp: string;
    }[];
  }[];
}

/** Three steps of a minute that end at `now`: 60 calls with 15 errors, none, 30 without errors. */
function seriesOf({ range }: SeriesQuery): RedSeries {
  return {
    startUnixNano: String(range.startNano),
    stepNano: Number(minute),
    count: [60, 0, 30],
    errorCount: [15, 0, 0],
    p50Nano: [10 * ms, 0, 20 * ms],
    p95Nano: [95 * ms, 0, 96 * ms],
    p99Nano: [99 * ms, 0, 100 * ms],
  };
}

function heatmapOf({ range }: SeriesQuery): Heatmap {
  return {
    startUnixNano: String(range.startNano),
    stepNano: Number(minute),
    bucketNano: [0, 10 * ms, 20 * ms, 40 * ms],
    counts: [
      [10, 10, 20],
      [0, 0, 0],
      [0, 4, 0],
    ],
    errorCounts: [[], [], []],
  };
}

async function ask(path: string, seen: SeriesQuery[] = []): Promise<Family> {
  const reader = memoryTraceReader([]);
  reader.red = async (query) => {
    seen.push(query);
    return seriesOf(query);
  };
  reader.heatmap = async (query) => {
    seen.push(query);
    return heatmapOf(query);
  };
  const server = createApiServer();
  server.register(jaegerApi, { prefix: "/jaeger", reader: () => reader, now: () => now });
  const range = `endTs=${now / 1_000_000n}&lookback=180000&step=60000`;
  const answer = await server.inject(`/jaeger/api/metrics/${path}&${range}`);
  return answer.json();
}

function points({ metrics }: Family): [string, number][] {
  return (metrics[0]?.metricPoints ?? []).map(({ timestamp, gaugeValue }) => [
    timestamp,
    gaugeValue.doubleValue,
  ]);
}

const endOf = (step: bigint): string =>
  new Date(Number((now - (3n - step) * minute) / 1_000_000n)).toISOString();

test("calls are a second's, one point for each step that has some", async () => {
  const seen: SeriesQuery[] = [];
  const family = await ask("calls?service=web", seen);
  expect(family).toMatchObject({
    name: "service_call_rate",
    type: "GAUGE",
    help: "calls/sec, grouped by service",
    metrics: [{ labels: [{ name: "service_name", value: "web" }] }],
  });
  expect(points(family)).toEqual([
    [endOf(1n), 1],
    [endOf(3n), 0.5],
  ]);
  expect(seen.map(({ filter }) => filter)).toEqual([
    { service: "web", kind: "server", attributes: [] },
  ]);
});

test("errors are a share of the calls", async () => {
  const family = await ask("errors?service=web");
  expect(family.name).toBe("service_error_rate");
  expect(points(family).map(([, value]) => value)).toEqual([0.25, 0]);
});

test("calls of several kinds add up", async () => {
  const family = await ask("calls?service=web&spanKind=server&spanKind=client");
  expect(points(family).map(([, value]) => value)).toEqual([2, 1]);
});

test("latencies are milliseconds", async () => {
  const family = await ask("latencies?service=web&quantile=0.95");
  expect(family).toMatchObject({
    name: "service_latencies",
    help: "0.95th quantile latency, grouped by service",
  });
  expect(points(family)).toEqual([
    [endOf(1n), 95],
    [endOf(3n), 96],
  ]);
});

test("a quantile that the store does not keep is read from the heat map", async () => {
  const family = await ask("latencies?service=web&quantile=0.75");
  // 30 of 40 lie below the middle of the bucket 20..40 ms; 3 of 4 below 17.5 ms.
  expect(points(family).map(([, value]) => value)).toEqual([30, 17.5]);
});

test("latencies of several kinds are those of all calls together", async () => {
  const seen: SeriesQuery[] = [];
  const family = await ask(
    "latencies?service=web&quantile=0.5&spanKind=server&spanKind=consumer",
    seen,
  );
  expect(points(family).map(([, value]) => value)).toEqual([20, 15]);
  expect(seen.map(({ filter }) => filter.kind)).toEqual(["server", "consumer"]);
});

test("the step under way counts only the time that has been", async () => {
  const reader = memoryTraceReader([]);
  reader.red = async (query) => seriesOf(query);
  const server = createApiServer();
  // Ten seconds into the last minute.
  const later = now - 50_000_000_000n;
  server.register(jaegerApi, { prefix: "/jaeger", reader: () => reader, now: () => later });
  const range = `endTs=${now / 1_000_000n}&lookback=180000&step=60000`;
  const answer = await server.inject(`/jaeger/api/metrics/calls?service=web&${range}`);
  expect(points(answer.json()).map(([, value]) => value)).toEqual([1, 3]);
});

test("operations are told apart by a label, several services too", async () => {
  const { reader } = shop();
  const server = createApiServer();
  server.register(jaegerApi, { prefix: "/jaeger", reader: () => reader, now: () => now });
  const url = "/jaeger/api/metrics/calls?service=web&service=cart&groupByOperation=true&step=60000";
  const family = (await server.inject(url)).json<Family>();
  expect(family.name).toBe("service_operation_call_rate");
  expect(family.help).toBe("calls/sec, grouped by service & operation");
  const labels = family.metrics.map((metric) =>
    metric.labels.map(({ name, value }) => [name, value]),
  );
  expect(labels).toEqual([
    [
      ["operation", "GET /cart"],
      ["service_name", "web"],
    ],
    [
      ["operation", "POST /pay"],
      ["service_name", "web"],
    ],
    [
      ["operation", "load"],
      ["service_name", "cart"],
    ],
  ]);
});

test("a service without calls has no metric", async () => {
  const { reader } = shop();
  const server = createApiServer();
  server.register(jaegerApi, { prefix: "/jaeger", reader: () => reader, now: () => now });
  const answer = await server.inject("/jaeger/api/metrics/calls?service=none&step=60000");
  expect(answer.json<Family>().metrics).toEqual([]);
  const least = await server.inject("/jaeger/api/metrics/minstep");
  expect(least.json()).toMatchObject({ data: 60_000 });
});
