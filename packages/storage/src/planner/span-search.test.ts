import type { ResultTrace, TraceqlSearchResult } from "@clew/model";
import { parse } from "@clew/traceql";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestStore, type TestStore } from "../contract/open-test-store.ts";
import { MINUTE, NOON, RANGE, SECOND } from "../contract/store-in-hand.ts";
import { openChdbEngine } from "../engines/chdb.ts";
import type { TraceqlReader, TraceqlSearch } from "../traceql-reader.ts";
import { openTraceqlReader } from "./open-traceql-reader.ts";
import { type JsonSpan, storeSpans } from "./sample-store.ts";

let store: TestStore;
let reader: TraceqlReader;

beforeAll(async () => {
  store = await openTestStore((path) => openChdbEngine({ path }));
  reader = openTraceqlReader(store.engine);
}, 60_000);
afterAll(() => store.close());

function search(
  tenant: string,
  text: string,
  more: Partial<TraceqlSearch> = {},
): Promise<TraceqlSearchResult> {
  const query = parse(text);
  if (query.kind !== "spans") throw new Error("not a search");
  const asked = { sort: "newest", limit: 100, spansPerSpanset: 3 } as const;
  return reader.search({ tenant, range: RANGE, query, ...asked, ...more });
}

const short = (id: string): string => id.replace(/^0+/, "");
const ids = (traces: readonly ResultTrace[]): string[] => traces.map((one) => short(one.traceId));

test("a trace shows how many of its spans match, the first of them, and who took part", async () => {
  const spans: JsonSpan[] = [
    { trace: "a1", span: "1", name: "root", start: 0n, duration: 900n * SECOND, status: 2 },
    ...[1, 2, 3, 4].map((number) => ({
      trace: "a1",
      span: `1${number}`,
      parent: "1",
      name: `step ${number}`,
      // The last ones start after the range has ended.
      start: BigInt(number) * 3n * MINUTE,
      attributes: { step: BigInt(number), "http.route": "/r" },
      resource: { "service.name": "__proto__" },
    })),
    { trace: "b2", name: "alone", start: SECOND },
  ];
  await storeSpans(store, "shows", spans);
  const range = { startNano: NOON - MINUTE, endNano: NOON + 7n * MINUTE };
  const { traces, cost } = await search(
    "shows",
    '{ span.step > 0 } | { span.http.route = "/r" } | select(status, .step, .missing)',
    { range, spansPerSpanset: 2 },
  );
  expect(traces).toHaveLength(1);
  expect(traces[0]).toMatchObject({
    traceId: "a1".padStart(32, "0"),
    startUnixNano: String(NOON),
    durationNano: String(900n * SECOND),
    rootService: "shop",
    rootName: "root",
    spanCount: 5,
    errorCount: 1,
  });
  expect(
    Object.entries(traces[0]?.services ?? {}).toSorted(([a], [b]) => (a < b ? -1 : 1)),
  ).toEqual([
    ["__proto__", { spans: 4, errors: 0 }],
    ["shop", { spans: 1, errors: 1 }],
  ]);
  expect(traces[0]?.spansets).toEqual([
    {
      matched: 4,
      values: [],
      spans: [1, 2].map((number) => ({
        spanId: `1${number}`.padStart(16, "0"),
        name: `step ${number}`,
        startUnixNano: String(NOON + BigInt(number) * 3n * MINUTE),
        durationNano: "1000000",
        values: [
          { name: "span.step", value: { type: "int", value: String(number) } },
          { name: "span.http.route", value: { type: "string", value: "/r" } },
          { name: "status", value: { type: "status", value: "unset" } },
          { name: ".step", value: { type: "int", value: String(number) } },
        ],
      })),
    },
  ]);
  expect(cost.plan).toBe("spans");
});

test("each filter decides alone which event it speaks of", async () => {
  await storeSpans(store, "events", [
    {
      trace: "e1",
      events: [
        { name: "a", attributes: { n: 1n } },
        { name: "b", attributes: { n: 2n } },
      ],
    },
  ]);
  const found = async (text: string): Promise<number> =>
    (await search("events", text)).traces.length;
  expect(await found('{ event:name = "a" && event.n = 2 }')).toBe(0);
  expect(await found('{ event:name = "a" } | { event.n = 2 }')).toBe(1);
  expect(await found('{ event:name = "x" } || { event.n = 2 }')).toBe(1);
  expect(await found('{ event:name = "x" } | { event.n = 2 }')).toBe(0);
});

test("pages of the newest and the slowest go on without repeats, each trace under its best span", async () => {
  const spans: JsonSpan[] = [];
  for (let trace = 1; trace <= 40; trace++) {
    // Two matching spans each, far apart, so that pages end between the spans of a trace.
    for (const half of [0, 1]) {
      spans.push({
        trace: trace.toString(16),
        start: BigInt((trace * 7 + half * 171) % 280) * 10n * SECOND,
        duration: BigInt(((trace * 11 + half * 200) % 90) + 1) * SECOND,
        attributes: { wanted: true },
      });
    }
    spans.push({ trace: trace.toString(16), start: 2900n * SECOND, duration: 500n * SECOND });
  }
  await storeSpans(store, "pages", spans);
  for (const sort of ["newest", "slowest"] as const) {
    const best = new Map<string, bigint>();
    for (const { trace = "", start = 0n, duration = 0n, attributes } of spans) {
      if (attributes === undefined) continue;
      const value = sort === "newest" ? start : duration;
      if (value > (best.get(trace) ?? -1n)) best.set(trace, value);
    }
    const byId = (a: string, b: string): number => Number(`0x${b}`) - Number(`0x${a}`);
    const expected = [...best]
      .sort(([a, x], [b, y]) => (x === y ? byId(a, b) : x < y ? 1 : -1))
      .map(([trace]) => trace);
    const shown: string[] = [];
    let cursor: string | undefined;
    do {
      const page: TraceqlSearchResult = await search("pages", "{ .wanted }", {
        sort,
        limit: 7,
        ...(cursor === undefined ? {} : { cursor }),
      });
      shown.push(...ids(page.traces));
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(shown).toEqual(expected);
  }
});

test("limits out of range and foreign cursors are refused", async () => {
  for (const more of [{ limit: 0 }, { limit: 1001 }, { spansPerSpanset: 0 }, { cursor: "x" }])
    await expect(search("none", "{ }", more)).rejects.toMatchObject({ code: "bad_request" });
});

test("a search is stopped by its client, and by its limits", async () => {
  await expect(
    reader.search(
      {
        tenant: "none",
        range: RANGE,
        query: parse("{ }") as TraceqlSearch["query"],
        sort: "newest",
        limit: 1,
        spansPerSpanset: 1,
      },
      AbortSignal.abort(),
    ),
  ).rejects.toMatchObject({ code: "cancelled" });
});
