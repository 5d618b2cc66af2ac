// What the rollups and the trace index say, against the spans they were made from: random segments are
// inserted into the engine and compared with sums made here, span by span.

import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestStore, type TestStore } from "../contract/open-test-store.ts";
import { type SampleSpan, spanBatch, spanIdOf, traceIdOf } from "../contract/sample-spans.ts";
import { openChdbEngine } from "../engines/chdb.ts";
import { histogramBucket } from "./histograms.ts";

const MINUTE = 60_000_000_000n;
/** 2026-03-10 11:58:00 UTC; two minutes before an hour, so that segments cross it. */
const BASE = 1_773_143_880n * 1_000_000_000n;
const ARRIVED = 1_773_144_600;

let store: TestStore;

beforeAll(async () => {
  store = await openTestStore((path) => openChdbEngine({ path }));
});

afterAll(() => store.close());

const start = fc
  .tuple(
    fc.integer({ min: 0, max: 4 }),
    fc.constantFrom(-1n, 0n, 1n, 29_999_999_999n, 59_999_999_872n),
  )
  .map(([minute, offset]) => BASE + BigInt(minute) * MINUTE + offset);
const duration = fc.oneof(
  fc.constantFrom(0n, 1n, -5n, 1_000_000n, 2n ** 40n),
  fc.bigInt({ min: 1n, max: 10n ** 11n }),
);

const span: fc.Arbitrary<SampleSpan> = fc
  .record({
    trace: fc.integer({ min: 1, max: 6 }).map(traceIdOf),
    span: fc.integer({ min: 1, max: 1_000_000 }).map(spanIdOf),
    service: fc.constantFrom("shop", "till", "stock", "Läger"),
    name: fc.constantFrom("GET /", "GET /a", "", "'quoted'"),
    kind: fc.integer({ min: 0, max: 5 }),
    status: fc.integer({ min: 0, max: 2 }),
    start,
    duration,
    weight: fc.constantFrom(1, 2, 4, 0.5, 1024),
    isRoot: fc.boolean(),
  })
  .map(({ isRoot, ...rest }) => (isRoot ? rest : { ...rest, parent: spanIdOf(0) }));

const segments = fc.array(fc.array(span, { minLength: 1, maxLength: 40 }), {
  minLength: 1,
  maxLength: 4,
});

interface Sums {
  spans: number;
  weight: number;
  sum: number;
  max: number;
  hist: Record<string, number>;
}

/** Sums by service, name, kind, status and step of time. */
function redOf(spans: readonly SampleSpan[], step: bigint): Record<string, Sums> {
  const groups: Record<string, Sums> = {};
  for (const one of spans) {
    const time = ((one.start / step) * step) / 1_000_000_000n;
    const key = [one.service, one.name, one.kind, one.status, time].join("|");
    groups[key] ??= { spans: 0, weight: 0, sum: 0, max: 0, hist: {} };
    const group = groups[key];
    const nano = Math.max(0, Number(one.duration));
    const weight = one.weight as number;
    const bucket = histogramBucket(nano);
    group.spans++;
    group.weight += weight;
    group.sum += nano * weight;
    group.max = Math.max(group.max, nano);
    group.hist[bucket] = (group.hist[bucket] ?? 0) + weight;
  }
  return groups;
}

async function readRed(table: string, time: string, tenant: string): Promise<Record<string, Sums>> {
  const rows = await store.engine.readRows(
    `SELECT service, name, toInt8(kind), toInt8(status), toUnixTimestamp(${time}), sum(spans), sum(weight),
     sum(duration_sum), max(duration_max), sumMap(hist) FROM ${table} WHERE tenant = {tenant:String}
     GROUP BY ALL`,
    { parameters: { tenant } },
  );
  return Object.fromEntries(
    rows.map((row) => [
      row.slice(0, 5).join("|"),
      {
        spans: Number(row[5]),
        weight: row[6] as number,
        sum: row[7] as number,
        max: Number(row[8]),
        hist: row[9] as Record<string, number>,
      },
    ]),
  );
}

interface Trace {
  start: string;
  end: string;
  minutes: number[];
  spans: number;
  errors: number;
  services: string[];
}

function tracesOf(spans: readonly SampleSpan[]): Record<string, Trace> {
  const traces: Record<string, Trace> = {};
  for (const trace of new Set(spans.map((one) => one.trace))) {
    const own = spans.filter((one) => one.trace === trace);
    const ends = own.map(
      (one) => one.start + ((one.duration as bigint) > 0n ? (one.duration as bigint) : 0n),
    );
    traces[trace] = {
      start: String(own.map((one) => one.start).reduce((a, b) => (a < b ? a : b))),
      end: String(ends.reduce((a, b) => (a > b ? a : b))),
      minutes: [...new Set(own.map((one) => Number(one.start / MINUTE)))].sort((a, b) => a - b),
      spans: own.length,
      errors: own.filter((one) => one.status === 2).length,
      services: [...new Set(own.map((one) => one.service as string))].sort(),
    };
  }
  return traces;
}

async function readTraces(
  tenant: string,
): Promise<[Record<string, Trace>, Record<string, string[]>]> {
  const rows = await store.engine.readRows(
    `SELECT lower(hex(trace_id)), toUnixTimestamp64Nano(min(start)), toUnixTimestamp64Nano(max(end)),
     arraySort(groupUniqArrayArray(minutes)), sum(spans), sum(errors), groupUniqArrayArray(services),
     max(root_service), max(root_name)
     FROM trace_index WHERE tenant = {tenant:String} GROUP BY trace_id`,
    { parameters: { tenant } },
  );
  const traces = rows.map(([id, from, end, minutes, spans, errors, services]) => [
    id,
    {
      start: from,
      end,
      minutes,
      spans: Number(spans),
      errors: Number(errors),
      services: [...(services as string[])].sort(),
    },
  ]);
  const roots = rows.map((row) => [row[0], [row[7], row[8]]]);
  return [Object.fromEntries(traces), Object.fromEntries(roots)];
}

let runs = 0;

test("rollups by minute and hour and the trace index equal the spans, whatever the segments", async () => {
  await fc.assert(
    fc.asyncProperty(segments, async (batches) => {
      const tenant = `random-${++runs}`;
      for (const spans of batches) {
        // Another tenant's equal spans in the same segment must not mix in.
        const other = spans.map((one) => ({ ...one, tenant: `${tenant}-other` }));
        await store.insert(
          spanBatch([...spans.map((one) => ({ ...one, tenant })), ...other], ARRIVED),
        );
      }
      const all = batches.flat();
      expect(await readRed("red_1m", "minute", tenant)).toEqual(redOf(all, MINUTE));
      expect(await readRed("red_1h", "hour", tenant)).toEqual(redOf(all, 60n * MINUTE));
      const [traces, roots] = await readTraces(tenant);
      expect(traces).toEqual(tracesOf(all));
      for (const [trace, [service, name]] of Object.entries(roots)) {
        const own = all.filter((one) => one.trace === trace && one.parent === undefined);
        if (own.length === 0) expect([service, name]).toEqual(["", ""]);
        else expect(own.map((one) => one.service)).toContain(service);
      }
    }),
    { numRuns: 12, seed: 20_261_122 },
  );
}, 60_000);

test("the weight of a sampled span flows into counts, errors and histograms", async () => {
  const sampled = { trace: traceIdOf(1), start: BASE, status: 2, weight: 16, tenant: "sampled" };
  await store.insert(
    spanBatch(
      [
        { ...sampled, span: spanIdOf(1), duration: 1000n },
        { ...sampled, span: spanIdOf(2), duration: 1000n, weight: 4 },
      ],
      ARRIVED,
    ),
  );
  const rows = await store.engine.readRows(
    "SELECT spans, weight, duration_sum, hist FROM red_1m WHERE tenant = 'sampled'",
  );
  expect(rows).toEqual([["2", 20, 20_000, { [histogramBucket(1000)]: 20 }]]);
});

test("fifty thousand span names in a segment become one row each only up to a cap, and every span counts", async () => {
  const NAMES = 50_000;
  const spans = Array.from({ length: NAMES }, (_, i) => ({
    tenant: "names",
    trace: traceIdOf(1 + (i % 50)),
    span: spanIdOf(i),
    name: `GET /order/${i}`,
    service: i % 2 === 0 ? "shop" : "till",
    start: BASE,
  }));
  // A name that is known keeps its own row, however late it comes again.
  spans.push({ ...(spans[0] as (typeof spans)[0]), span: spanIdOf(NAMES) });
  await store.insert(spanBatch(spans, ARRIVED));
  for (const table of ["red_1m", "red_1h"]) {
    const [row] = await store.engine.readRows(
      `SELECT count(), sum(spans), sumIf(spans, name = '(other)'), sumIf(spans, service = 'shop'),
       sumIf(spans, name = 'GET /order/0'), sum(arraySum(mapValues(hist)))
       FROM ${table} WHERE tenant = 'names'`,
    );
    const [rows, total, other, shop, first, histogram] = (row ?? []).map(Number);
    expect(rows).toBe(20_002);
    expect([total, shop, first, histogram]).toEqual([NAMES + 1, NAMES / 2 + 1, 2, NAMES + 1]);
    expect(other).toBe(NAMES - 20_000);
  }
});

test("a trace over thousands of minutes and services keeps them all, once each", async () => {
  const spans = Array.from({ length: 6_000 }, (_, i) => ({
    tenant: "long",
    trace: traceIdOf(7),
    span: spanIdOf(i),
    service: `s${i % 1500}`,
    start: BASE + BigInt(i % 3000) * MINUTE,
  }));
  await store.insert(spanBatch(spans, ARRIVED + 3 * 86_400));
  const [row] = await store.engine.readRows(
    `SELECT arraySort(groupArrayArray(minutes)), arraySort(groupArrayArray(arrayDistinct(services))) , sum(spans)
     FROM (SELECT groupArrayArray(minutes) AS minutes, groupUniqArrayArray(services) AS services, sum(spans) AS spans
           FROM trace_index WHERE tenant = 'long')`,
  );
  const first = Number(BASE / MINUTE);
  expect(row?.[0]).toEqual(Array.from({ length: 3000 }, (_, i) => first + i));
  expect(row?.[1]).toHaveLength(1500);
  expect(row?.[2]).toBe("6000");
});
