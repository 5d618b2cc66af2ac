// Services, operations, RED over time, heat maps and the attribute catalogue against the spans they sum up.

import { expect, test } from "vitest";
import { openRedSeriesReader } from "../planner/metrics/open-red-series-reader.ts";
import { type SampleSpan, spanIdOf, traceIdOf } from "./sample-spans.ts";
import { MINUTE, NOON, RANGE, SECOND, type StoreInHand } from "./store-in-hand.ts";

export function describeRollups(hand: StoreInHand): void {
  test("rollups equal the spans: weights, errors, and quantiles within a bucket", async () => {
    const spans: SampleSpan[] = [];
    for (let i = 0; i < 400; i++) {
      const start = NOON - 59n * MINUTE + BigInt(i) * 25n * SECOND;
      const even = i % 2 === 0;
      spans.push({
        tenant: "red",
        trace: traceIdOf(2000 + i),
        span: spanIdOf(i),
        start,
        duration: BigInt(i + 1) * 1_000_000n,
        name: even ? "GET /" : "step",
        kind: even ? 2 : 1,
        status: i % 10 === 0 ? 2 : 0,
        weight: i < 200 ? 1 : 4,
        attributes: { half: even ? "even" : "odd" },
      });
    }
    await hand.put(...spans);
    for (let pass = 0; pass < 2; pass++) {
      const [service] = await hand.store.reader.services({ tenant: "red", range: RANGE });
      expect(service).toMatchObject({
        service: "shop",
        basis: "requests",
        spanCount: 1000,
        count: 500,
        errorCount: 100,
      });
      expect(service?.errorRate).toBeCloseTo(0.2);
      // Weighted: half of the weight lies below the 275th span of 400 (even ones only).
      expect(Math.abs((service?.p50Nano ?? 0) / 275e6 - 1)).toBeLessThan(0.05);
      expect(service?.maxNano).toBe(399_000_000);
      const operations = await hand.store.reader.operations({
        tenant: "red",
        range: RANGE,
        service: "shop",
      });
      expect(operations.map(({ operation, kind, count }) => [operation, kind, count])).toEqual([
        ["GET /", "server", 500],
        ["step", "internal", 500],
      ]);
      // Merging parts must not fold operations together.
      for (const table of ["red_1m", "red_1h"])
        await hand.store.engine.command(`OPTIMIZE TABLE ${table} FINAL`);
    }
    const series = { tenant: "red", range: RANGE, stepNano: Number(10n * MINUTE) };
    const fromRollup = await hand.store.reader.red({ ...series, filter: { attributes: [] } });
    const fromSpans = await hand.store.reader.red({
      ...series,
      filter: { minDurationNano: 0, attributes: [] },
    });
    expect(fromSpans).toEqual(fromRollup);
    expect(fromRollup.count).toHaveLength(18);
    expect(fromRollup.count.reduce((a, b) => a + b)).toBe(1000);
    const hourly = await hand.store.reader.red({
      ...series,
      stepNano: Number(60n * MINUTE),
      filter: { service: "shop", kind: "server", attributes: [] },
    });
    expect(hourly.count.reduce((a, b) => a + b)).toBe(500);
    const filter = {
      attributes: [{ scope: "span", key: "half", operator: "=", value: "even" }],
    } as const;
    const map = await hand.store.reader.heatmap({ ...series, filter });
    expect(map.counts.flat().reduce((a, b) => a + b)).toBe(500);
    expect(map.errorCounts.flat().reduce((a, b) => a + b)).toBe(100);
    expect(map.bucketNano).toHaveLength((map.counts[0]?.length ?? 0) + 1);
    expect(map.bucketNano[0]).toBeLessThanOrEqual(1_000_000);
    expect(map.bucketNano.at(-1)).toBeGreaterThan(399_000_000);
  });

  test("a range with ragged edges counts each minute once", async () => {
    const spans: SampleSpan[] = [];
    for (let i = 0; i < 180; i++)
      spans.push({
        tenant: "ragged",
        trace: traceIdOf(i),
        span: spanIdOf(i),
        start: NOON - 60n * MINUTE + BigInt(i) * MINUTE,
      });
    await hand.put(...spans);
    for (const [from, to] of [
      [0, 180],
      [7, 173],
      [60, 120],
      [61, 119],
      [10, 20],
      [59, 61],
      [0, 61],
    ] as const) {
      const range = {
        startNano: RANGE.startNano + BigInt(from) * MINUTE,
        endNano: RANGE.startNano + BigInt(to) * MINUTE,
      };
      const [service] = await hand.store.reader.services({ tenant: "ragged", range });
      expect([from, to, service?.spanCount]).toEqual([from, to, to - from]);
    }
  });

  test("a service without requests is summed over all of its spans, and says so", async () => {
    await hand.put({ tenant: "job", trace: traceIdOf(9), span: spanIdOf(1), start: NOON, kind: 1 });
    expect(await hand.store.reader.services({ tenant: "job", range: RANGE })).toMatchObject([
      { basis: "spans", count: 1 },
    ]);
  });

  test("throughput is what arrived and what it stands for: requests, or all spans where there are none", async () => {
    const span = (i: number, service: string, name: string, kind: number, weight = 1) => {
      const base = { tenant: "through", trace: traceIdOf(i), span: spanIdOf(i), start: NOON };
      return { ...base, service, name, kind, weight };
    };
    await hand.put(
      span(1, "web", "GET /", 2, 4),
      span(2, "web", "GET /", 2, 4),
      span(3, "web", "POST /pay", 2),
      span(4, "web", "render", 1, 4),
      span(5, "job", "clean", 1),
      span(6, "job", "sweep", 3),
    );
    const reader = openRedSeriesReader(hand.store.engine);
    const base = { tenant: "through", range: RANGE, limit: 10 };
    expect(await reader.throughput(base)).toEqual([
      { name: "web", spans: 3, weight: 9 },
      { name: "job", spans: 2, weight: 2 },
    ]);
    expect(await reader.throughput({ ...base, service: "web" })).toEqual([
      { name: "GET /", spans: 2, weight: 8 },
      { name: "POST /pay", spans: 1, weight: 1 },
    ]);
    expect(await reader.throughput({ ...base, service: "job", limit: 1 })).toEqual([
      { name: "clean", spans: 1, weight: 1 },
    ]);
    expect(await reader.throughput({ ...base, service: "it's none" })).toEqual([]);
  });

  test("keys and values complete by prefix, the most used first", async () => {
    const span = (i: number, attributes: SampleSpan["attributes"]): SampleSpan => {
      return {
        tenant: "catalogue",
        trace: traceIdOf(i),
        span: spanIdOf(i),
        start: NOON,
        attributes: attributes ?? {},
      };
    };
    await hand.put(
      span(1, { "http.route": "/a", plan: "pro" }),
      span(2, { "http.route": "/a", plan: "free" }),
      span(3, { "http.route": "/b%" }),
    );
    const base = { tenant: "catalogue", range: RANGE, limit: 10 };
    const keys = await hand.store.reader.attributeKeys({ ...base, scope: "span", prefix: "" });
    expect(keys).toEqual([
      { scope: "span", key: "http.route", type: "string", count: 3 },
      { scope: "span", key: "plan", type: "string", count: 2 },
    ]);
    expect(
      await hand.store.reader.attributeKeys({ ...base, scope: "any", prefix: "service.n" }),
    ).toMatchObject([{ scope: "resource", key: "service.name" }]);
    const values = await hand.store.reader.attributeValues({
      ...base,
      scope: "any",
      key: "http.route",
      prefix: "/",
    });
    expect(values.map(({ value }) => value)).toEqual(["/a", "/b%"]);
    expect(
      await hand.store.reader.attributeValues({
        ...base,
        scope: "any",
        key: "http.route",
        prefix: "%",
      }),
    ).toEqual([]);
  });
}
