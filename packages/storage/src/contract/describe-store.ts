// What every engine must do for the span store: the same suite runs on chDB and on a ClickHouse server.
// Each test writes under a tenant of its own, so tests share one store.

import type { AttributeFilter, SearchQuery, TraceSummary } from "@clew/model";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tables } from "../schema/tables.ts";
import type { TestStore } from "./open-test-store.ts";
import { attributeRecord, logBatch, type SampleSpan, spanBatch, spanIdOf, traceIdOf } from "./sample-spans.ts";

const SECOND = 1_000_000_000n;
const MINUTE = 60n * SECOND;
/** 2026-03-10 12:00:00 UTC: all samples lie near it and arrive then. */
const NOON = 1_773_144_000n * SECOND;
const ARRIVED = Number(NOON / SECOND) + 600;
const RANGE = { startNano: NOON - 60n * MINUTE, endNano: NOON + 120n * MINUTE };
const HOSTILE = "'; DROP TABLE spans; -- \\' \" ` {x:String} %41 \n\t\0 ☃ \u{1f409}";

export function describeStore(name: string, open: () => Promise<TestStore>): void {
  describe(`span store on ${name}`, () => {
    let store: TestStore;
    beforeAll(async () => {
      store = await open();
    }, 60_000);
    afterAll(() => store.close());

    const put = (...spans: SampleSpan[]): Promise<void> => store.insert(spanBatch(spans, ARRIVED));
    const search = async (tenant: string, query: Partial<SearchQuery> = {}): Promise<readonly TraceSummary[]> => {
      const filter = { attributes: [], ...query.filter };
      return (await store.reader.search({ tenant, range: RANGE, sort: "newest", limit: 100, ...query, filter })).traces;
    };
    const matching = async (tenant: string, attribute: AttributeFilter): Promise<string[]> => {
      const traces = await search(tenant, { filter: { attributes: [attribute] } });
      return traces.map(({ traceId }) => traceId).sort();
    };

    test("a trace that arrives in pieces over ten minutes comes back whole and in order of start", async () => {
      const trace = traceIdOf(1);
      for (let i = 9; i >= 0; i--) {
        const start = NOON + BigInt(i) * MINUTE;
        await put({ tenant: "pieces", trace, span: spanIdOf(i), start, ...(i === 0 ? {} : { parent: spanIdOf(0) }) });
      }
      const batch = await store.reader.trace("pieces", trace.toUpperCase());
      expect(batch?.length).toBe(10);
      for (let i = 0; i < 10; i++) expect(batch?.startNano(i)).toBe(NOON + BigInt(i) * MINUTE);
      const [summary] = await search("pieces");
      expect(summary).toMatchObject({ spanCount: 10, startUnixNano: String(NOON), rootService: "shop", rootName: "work" });
      expect(summary?.durationNano).toBe(Number(9n * MINUTE) + 1_000_000);
    });

    test("every attribute value comes back exact: int64 past 2^53, doubles, bytes, empty, hostile text", async () => {
      const attributes = {
        big: 9_007_199_254_740_993n,
        least: -(2n ** 63n),
        tiny: 5e-324,
        minusZero: -0,
        infinite: Number.NEGATIVE_INFINITY,
        yes: true,
        no: false,
        empty: "",
        nothing: undefined,
        raw: Uint8Array.of(0, 255, 34, 92),
        [HOSTILE]: HOSTILE,
        "http.route": HOSTILE,
        "http.request.method": "",
        "http.response.status_code": 200n,
        "server.port": 70_000n,
        "error.type": 7n,
        "rpc.method": true,
      };
      const resource = { [HOSTILE]: HOSTILE, pid: 2n ** 60n };
      const sent = spanBatch(
        [{ tenant: "exact", trace: traceIdOf(2), span: spanIdOf(1), start: NOON, name: HOSTILE, service: HOSTILE, attributes, resource }],
        ARRIVED,
      );
      await store.insert(sent);
      const batch = await store.reader.trace("exact", traceIdOf(2));
      if (batch === undefined) throw new Error("the trace is not there");
      expect(attributeRecord(batch.attributes, batch.strings, 0, batch.attributes.length)).toEqual(
        attributeRecord(sent.attributes, sent.strings, 0, sent.attributes.length),
      );
      const back = batch.resources;
      expect(attributeRecord(back.attributes, batch.strings, 0, back.attributes.length)).toEqual({
        "service.name": HOSTILE,
        ...resource,
      });
      expect(batch.strings.text(batch.name[0] as number)).toBe(HOSTILE);
      expect(batch.strings.text(back.serviceName[0] as number)).toBe(HOSTILE);
      expect(batch.scopes.droppedAttributes[0]).toBe(1);
      const found = await search("exact", { filter: { service: HOSTILE, operation: HOSTILE, attributes: [] } });
      expect(found[0]).toMatchObject({ services: [HOSTILE], matched: { name: HOSTILE } });
    });

    test("events and links come back with their attributes, states and counts", async () => {
      const sent = spanBatch([{ tenant: "events", trace: traceIdOf(3), span: spanIdOf(1), start: NOON }], ARRIVED);
      sent.truncate(0);
      sent.beginRequest("events", ARRIVED);
      for (let span = 0; span < 3; span++) {
        const row = sent.beginSpan();
        sent.traceIds.set(Buffer.from(traceIdOf(3), "hex"), row * 16);
        sent.spanIds[row * 8] = span + 1;
        sent.start[row * 2] = Number((NOON + BigInt(span)) & 0xffffffffn);
        sent.start[row * 2 + 1] = Number(NOON >> 32n);
        sent.end.set(sent.start.subarray(row * 2, row * 2 + 2), row * 2);
        for (let i = 0; i < span; i++) {
          const event = sent.beginEvent();
          sent.eventName[event] = sent.strings.internText(`event ${i}`);
          sent.eventTime[event * 2] = 4_000_000_000 + i;
          sent.eventTime[event * 2 + 1] = i;
          sent.eventDroppedAttributes[event] = i + 5;
          if (i > 0) sent.eventAttributes.push(sent.strings.internText("n"), 2, 7, 1);
          sent.commitEvent();
          const link = sent.beginLink();
          sent.linkTraceIds.fill(0xa0 + i, link * 16, link * 16 + 16);
          sent.linkSpanIds.fill(0xb0 + i, link * 8, link * 8 + 8);
          sent.linkTraceState[link] = sent.strings.internText(`vendor=${i}`);
          sent.linkFlags[link] = 0x301;
          sent.linkDroppedAttributes[link] = i;
          sent.linkAttributes.push(sent.strings.internText("why"), 1, sent.strings.internText(HOSTILE), 0);
          sent.commitLink();
        }
        sent.commitSpan(0, 0);
      }
      await store.insert(sent);
      const batch = await store.reader.trace("events", traceIdOf(3));
      if (batch === undefined) throw new Error("the trace is not there");
      expect([...batch.eventOffsets.subarray(0, 4)]).toEqual([0, 0, 1, 3]);
      expect([...batch.linkOffsets.subarray(0, 4)]).toEqual([0, 0, 1, 3]);
      expect([...batch.eventTime.subarray(0, 6)]).toEqual([...sent.eventTime.subarray(0, 6)]);
      expect([...batch.eventDroppedAttributes.subarray(0, 3)]).toEqual([5, 5, 6]);
      expect([...batch.linkTraceIds.subarray(0, 48)]).toEqual([...sent.linkTraceIds.subarray(0, 48)]);
      expect([...batch.linkSpanIds.subarray(0, 24)]).toEqual([...sent.linkSpanIds.subarray(0, 24)]);
      expect([...batch.linkFlags.subarray(0, 3)]).toEqual([0x301, 0x301, 0x301]);
      expect([...batch.linkDroppedAttributes.subarray(0, 3)]).toEqual([0, 0, 1]);
      const text = (id: number | undefined): string => batch.strings.text(id as number);
      expect([...batch.eventName.subarray(0, 3)].map(text)).toEqual(["event 0", "event 0", "event 1"]);
      expect([...batch.linkTraceState.subarray(0, 3)].map(text)).toEqual(["vendor=0", "vendor=0", "vendor=1"]);
      expect([...batch.eventAttributeOffsets.subarray(0, 4)]).toEqual([0, 0, 0, 1]);
      expect(batch.eventAttributes.int(0)).toBe(4_294_967_303n);
      expect(attributeRecord(batch.linkAttributes, batch.strings, 2, 3)).toEqual({ why: HOSTILE });
    });

    test("spans whose clocks are broken are found by trace id: start 0, year 2200, past 2262, end before start", async () => {
      const year2200 = 7_258_118_400n * SECOND;
      const starts = [0n, year2200, 2n ** 63n + 5n, NOON];
      for (const [i, start] of starts.entries()) {
        const trace = traceIdOf(40 + i);
        await put({ tenant: "clocks", trace, span: spanIdOf(1), start, duration: i === 3 ? -5n : 7n });
        const batch = await store.reader.trace("clocks", trace);
        expect([batch?.length, batch?.startNano(0), batch?.endNano(0)]).toEqual([1, start, start + (i === 3 ? -5n : 7n)]);
      }
    });

    test("the same segment inserted twice changes no table", async () => {
      const blocks = store.encode(
        spanBatch(
          [
            { tenant: "twice", trace: traceIdOf(5), span: spanIdOf(1), start: NOON, kind: 3, status: 2 },
            { tenant: "twice", trace: traceIdOf(5), span: spanIdOf(2), parent: spanIdOf(1), start: NOON, kind: 2, service: "stock", status: 2 },
          ],
          ARRIVED,
        ),
      );
      const contents = async (): Promise<unknown> => {
        const all: Record<string, unknown> = {};
        for (const table of Object.keys(tables)) {
          all[table] = await store.engine.readRows(`SELECT count(), sum(cityHash64(*)) FROM ${table} WHERE tenant = 'twice'`);
        }
        return all;
      };
      await store.insertBlocks(blocks, "repeated");
      const once = await contents();
      await store.insertBlocks(blocks, "repeated");
      expect(await contents()).toEqual(once);
      expect((await store.reader.services({ tenant: "twice", range: RANGE })).map(({ spanCount }) => spanCount)).toEqual([1, 1]);
      expect((await store.reader.serviceMap({ tenant: "twice", range: RANGE })).edges).toMatchObject([
        { source: "shop", target: "stock", count: 1, errorCount: 1 },
      ]);
    });

    test("a range includes its first nanosecond and excludes its last", async () => {
      const at = (offset: bigint, i: number): SampleSpan => ({ tenant: "edges", trace: traceIdOf(60 + i), span: spanIdOf(1), start: NOON + offset });
      await put(at(-1n, 0), at(0n, 1), at(MINUTE - 1n, 2), at(MINUTE, 3));
      const found = await search("edges", { range: { startNano: NOON, endNano: NOON + MINUTE } });
      expect(found.map(({ traceId }) => traceId)).toEqual([traceIdOf(62), traceIdOf(61)]);
      expect(await search("edges", { range: { startNano: NOON, endNano: NOON } })).toEqual([]);
    });

    test("newest comes newest first and slowest slowest first, each trace under the span that earned it", async () => {
      const t = (i: number): string => traceIdOf(70 + i);
      await put(
        { tenant: "order", trace: t(0), span: spanIdOf(1), start: NOON, duration: 5n },
        { tenant: "order", trace: t(0), span: spanIdOf(2), start: NOON + 3n * MINUTE, duration: 9n },
        { tenant: "order", trace: t(1), span: spanIdOf(3), start: NOON + 2n * MINUTE, duration: 50n },
        { tenant: "order", trace: t(1), span: spanIdOf(4), start: NOON + MINUTE, duration: 60n },
        { tenant: "order", trace: t(2), span: spanIdOf(5), start: NOON - 59n * MINUTE, duration: 20n },
      );
      const shape = (traces: readonly TraceSummary[]): unknown => traces.map((one) => [one.traceId, one.matched.spanId]);
      expect(shape(await search("order"))).toEqual([[t(0), spanIdOf(2)], [t(1), spanIdOf(3)], [t(2), spanIdOf(5)]]);
      expect(shape(await search("order", { sort: "slowest" }))).toEqual([[t(1), spanIdOf(4)], [t(2), spanIdOf(5)], [t(0), spanIdOf(2)]]);
    });

    for (const sort of ["newest", "slowest"] as const) {
      test(`paging through the ${sort} shows every trace once, in order, though traces match many times`, async () => {
        const tenant = `pages-${sort}`;
        const spans: SampleSpan[] = [];
        for (let trace = 0; trace < 60; trace++) {
          for (let i = 0; i < 12; i++) {
            const number = trace * 12 + i;
            // Spans of traces interleave, share times and durations, and some traces last for minutes.
            const start = NOON + BigInt((number * 7919) % 240) * SECOND * BigInt(1 + (trace % 3));
            const duration = BigInt((number * 104_729) % 90) * 1000n;
            spans.push({ tenant, trace: traceIdOf(1000 + trace), span: spanIdOf(number), start, duration });
          }
        }
        await put(...spans);
        const best = new Map<string, bigint>();
        for (const { trace, start, duration = 0n } of spans) {
          const value = sort === "newest" ? start : duration;
          if (value > (best.get(trace) ?? -1n)) best.set(trace, value);
        }
        const expected = [...best].sort(([a, x], [b, y]) => (x === y ? (a < b ? 1 : -1) : x < y ? 1 : -1)).map(([id]) => id);
        const seen: string[] = [];
        let cursor: string | undefined;
        do {
          const query = { tenant, range: RANGE, filter: { attributes: [] }, sort, limit: 7, ...(cursor === undefined ? {} : { cursor }) };
          const page = await store.reader.search(query);
          expect(page.traces.length).toBeGreaterThan(0);
          seen.push(...page.traces.map(({ traceId }) => traceId));
          cursor = page.nextCursor;
        } while (cursor !== undefined);
        expect(seen).toEqual(expected);
      });
    }

    test("a cursor that this search did not give is refused", async () => {
      const forged = Buffer.from('[1,"newest","5","x",0]').toString("base64url");
      for (const cursor of ["", "!", "e30", forged, "A".repeat(500)]) {
        await expect(search("none", { cursor })).rejects.toMatchObject({ code: "bad_request" });
      }
    });

    test("attribute conditions meet values on their own terms, in the span, its resource, or either", async () => {
      const add = (i: number, attributes: SampleSpan["attributes"], resource: SampleSpan["resource"] = {}): SampleSpan => {
        return { tenant: "attributes", trace: traceIdOf(100 + i), span: spanIdOf(i), start: NOON, attributes: attributes ?? {}, resource };
      };
      await put(
        add(0, { "user.id": "42", "http.route": "/a", "http.response.status_code": 404n }),
        add(1, { "user.id": 42n, "http.route": "/b", "http.response.status_code": 200n }),
        add(2, { "user.id": 42.0, "http.response.status_code": "404" }),
        add(3, { "user.id": true }, { "user.id": "42", zone: "north" }),
        add(4, {}, { "user.id": 42n, zone: "south" }),
        add(5, { "user.id": "", zone: "north" }),
        add(6, { "user.id": undefined }),
      );
      const is = async (filter: AttributeFilter, ...expected: number[]): Promise<void> => {
        expect([filter, await matching("attributes", filter)]).toEqual([filter, expected.map((i) => traceIdOf(100 + i)).sort()]);
      };
      await is({ scope: "span", key: "user.id", operator: "=", value: "42" }, 0, 1, 2);
      await is({ scope: "resource", key: "user.id", operator: "=", value: "42" }, 3, 4);
      await is({ scope: "any", key: "user.id", operator: "=", value: "42" }, 0, 1, 2, 4);
      await is({ scope: "span", key: "user.id", operator: "=", value: "true" }, 3);
      await is({ scope: "span", key: "user.id", operator: "=", value: "" }, 5);
      await is({ scope: "span", key: "user.id", operator: "!=", value: "42" }, 3, 5, 6);
      await is({ scope: "any", key: "user.id", operator: "!=", value: "42" }, 3, 5, 6);
      await is({ scope: "span", key: "user.id", operator: "exists" }, 0, 1, 2, 3, 5, 6);
      await is({ scope: "resource", key: "user.id", operator: "exists" }, 3, 4);
      await is({ scope: "span", key: "user.id", operator: ">", value: "41.5" }, 1, 2);
      await is({ scope: "span", key: "user.id", operator: "<=", value: "41" });
      await is({ scope: "span", key: "user.id", operator: "regex", value: "^4" }, 0);
      await is({ scope: "span", key: "http.route", operator: "=", value: "/a" }, 0);
      await is({ scope: "span", key: "http.route", operator: "!=", value: "/a" }, 1);
      await is({ scope: "span", key: "http.route", operator: "exists" }, 0, 1);
      await is({ scope: "any", key: "http.route", operator: "regex", value: "[ab]$" }, 0, 1);
      await is({ scope: "span", key: "http.response.status_code", operator: "=", value: "404" }, 0, 2);
      await is({ scope: "span", key: "http.response.status_code", operator: ">=", value: "400" }, 0);
      await is({ scope: "any", key: "zone", operator: "=", value: "north" }, 3, 5);
      await is({ scope: "any", key: HOSTILE, operator: "=", value: HOSTILE });
      await is({ scope: "span", key: "user.id", operator: "=", value: "7673135746753095999123" });
    });

    test("conditions that cannot be run name what is wrong", async () => {
      const bad = { code: "bad_request" };
      await put({ tenant: "bad", trace: traceIdOf(8), span: spanIdOf(1), start: NOON, attributes: { a: "x" } });
      await expect(matching("bad", { scope: "span", key: "a", operator: "regex", value: "(x" })).rejects.toMatchObject(bad);
      await expect(matching("bad", { scope: "span", key: "a", operator: ">", value: "x" })).rejects.toMatchObject(bad);
      await expect(search("bad", { limit: 0 })).rejects.toMatchObject(bad);
      await expect(search("bad", { filter: { minDurationNano: Number.NaN, attributes: [] } })).rejects.toMatchObject(bad);
      await expect(store.reader.trace("bad", "12")).rejects.toMatchObject(bad);
    });

    test("service, operation, kind, status and duration all have to hold for one span", async () => {
      const base = { tenant: "fields", start: NOON, service: "cart", name: "add", kind: 2, status: 2, duration: 500n };
      await put(
        { ...base, trace: traceIdOf(90), span: spanIdOf(1) },
        { ...base, trace: traceIdOf(91), span: spanIdOf(2), service: "bill" },
        { ...base, trace: traceIdOf(92), span: spanIdOf(3), name: "drop" },
        { ...base, trace: traceIdOf(93), span: spanIdOf(4), kind: 3 },
        { ...base, trace: traceIdOf(94), span: spanIdOf(5), status: 1 },
        { ...base, trace: traceIdOf(95), span: spanIdOf(6), duration: 501n },
        { ...base, trace: traceIdOf(96), span: spanIdOf(7), duration: 499n },
      );
      const filter = { service: "cart", operation: "add", kind: "server", status: "error", minDurationNano: 500, maxDurationNano: 500, attributes: [] } as const;
      expect((await search("fields", { filter })).map(({ traceId }) => traceId)).toEqual([traceIdOf(90)]);
    });

    test("rollups equal the spans: weights, errors, and quantiles within a bucket", async () => {
      const spans: SampleSpan[] = [];
      for (let i = 0; i < 400; i++) {
        const start = NOON - 59n * MINUTE + BigInt(i) * 25n * SECOND;
        const even = i % 2 === 0;
        spans.push({
          tenant: "red", trace: traceIdOf(2000 + i), span: spanIdOf(i), start, duration: BigInt(i + 1) * 1_000_000n,
          name: even ? "GET /" : "step", kind: even ? 2 : 1, status: i % 10 === 0 ? 2 : 0, weight: i < 200 ? 1 : 4,
          attributes: { half: even ? "even" : "odd" },
        });
      }
      await put(...spans);
      for (let pass = 0; pass < 2; pass++) {
        const [service] = await store.reader.services({ tenant: "red", range: RANGE });
        expect(service).toMatchObject({ service: "shop", basis: "requests", spanCount: 1000, count: 500, errorCount: 100 });
        expect(service?.errorRate).toBeCloseTo(0.2);
        // Weighted: half of the weight lies below the 275th span of 400 (even ones only).
        expect(Math.abs((service?.p50Nano ?? 0) / 275e6 - 1)).toBeLessThan(0.05);
        expect(service?.maxNano).toBe(399_000_000);
        const operations = await store.reader.operations({ tenant: "red", range: RANGE, service: "shop" });
        expect(operations.map(({ operation, kind, count }) => [operation, kind, count])).toEqual([["GET /", "server", 500], ["step", "internal", 500]]);
        // Merging parts must not fold operations together.
        for (const table of ["red_1m", "red_1h"]) await store.engine.command(`OPTIMIZE TABLE ${table} FINAL`);
      }
      const series = { tenant: "red", range: RANGE, stepNano: Number(10n * MINUTE) };
      const fromRollup = await store.reader.red({ ...series, filter: { attributes: [] } });
      const fromSpans = await store.reader.red({ ...series, filter: { minDurationNano: 0, attributes: [] } });
      expect(fromSpans).toEqual(fromRollup);
      expect(fromRollup.count).toHaveLength(18);
      expect(fromRollup.count.reduce((a, b) => a + b)).toBe(1000);
      const hourly = await store.reader.red({ ...series, stepNano: Number(60n * MINUTE), filter: { service: "shop", kind: "server", attributes: [] } });
      expect(hourly.count.reduce((a, b) => a + b)).toBe(500);
      const filter = { attributes: [{ scope: "span", key: "half", operator: "=", value: "even" }] } as const;
      const map = await store.reader.heatmap({ ...series, filter });
      expect(map.counts.flat().reduce((a, b) => a + b)).toBe(500);
      expect(map.errorCounts.flat().reduce((a, b) => a + b)).toBe(100);
      expect(map.bucketNano).toHaveLength((map.counts[0]?.length ?? 0) + 1);
      expect(map.bucketNano[0]).toBeLessThanOrEqual(1_000_000);
      expect(map.bucketNano.at(-1)).toBeGreaterThan(399_000_000);
    });

    test("a range with ragged edges counts each minute once", async () => {
      const spans: SampleSpan[] = [];
      for (let i = 0; i < 180; i++) spans.push({ tenant: "ragged", trace: traceIdOf(i), span: spanIdOf(i), start: NOON - 60n * MINUTE + BigInt(i) * MINUTE });
      await put(...spans);
      for (const [from, to] of [[0, 180], [7, 173], [60, 120], [61, 119], [10, 20], [59, 61], [0, 61]] as const) {
        const range = { startNano: RANGE.startNano + BigInt(from) * MINUTE, endNano: RANGE.startNano + BigInt(to) * MINUTE };
        const [service] = await store.reader.services({ tenant: "ragged", range });
        expect([from, to, service?.spanCount]).toEqual([from, to, to - from]);
      }
    });

    test("a service without requests is summed over all of its spans, and says so", async () => {
      await put({ tenant: "job", trace: traceIdOf(9), span: spanIdOf(1), start: NOON, kind: 1 });
      expect(await store.reader.services({ tenant: "job", range: RANGE })).toMatchObject([{ basis: "spans", count: 1 }]);
    });

    test("the logs of a trace come in time order, also without spans and with a late clock", async () => {
      const trace = traceIdOf(11);
      const body = { tenant: "logs", trace };
      await store.insert(
        logBatch(
          [
            { ...body, time: NOON + 2n, body: HOSTILE, attributes: { n: 2n ** 60n } },
            { ...body, time: 0n, observed: NOON + 1n, body: undefined },
            { ...body, time: NOON + 50n * MINUTE, body: "" },
            { ...body, trace: traceIdOf(12), time: NOON, body: "another trace" },
          ],
          ARRIVED,
        ),
      );
      for (const withSpans of [false, true]) {
        if (withSpans) await put({ tenant: "logs", trace, span: spanIdOf(1), start: NOON });
        const logs = await store.reader.traceLogs("logs", trace);
        expect([...logs.bodies.types.subarray(0, 3)]).toEqual([0, 1, 1]);
        expect(logs.length).toBe(3);
        expect(logs.time[0]).toBe(0);
        expect(logs.strings.text(logs.bodies.slots[2] as number)).toBe(HOSTILE);
        expect(logs.attributes.int(0)).toBe(2n ** 60n);
      }
      expect((await store.reader.traceLogs("logs", traceIdOf(13))).length).toBe(0);
    });

    test("keys and values complete by prefix, the most used first", async () => {
      const span = (i: number, attributes: SampleSpan["attributes"]): SampleSpan => {
        return { tenant: "catalogue", trace: traceIdOf(i), span: spanIdOf(i), start: NOON, attributes: attributes ?? {} };
      };
      await put(span(1, { "http.route": "/a", plan: "pro" }), span(2, { "http.route": "/a", plan: "free" }), span(3, { "http.route": "/b%" }));
      const base = { tenant: "catalogue", range: RANGE, limit: 10 };
      const keys = await store.reader.attributeKeys({ ...base, scope: "span", prefix: "" });
      expect(keys).toEqual([
        { scope: "span", key: "http.route", type: "string", count: 3 },
        { scope: "span", key: "plan", type: "string", count: 2 },
      ]);
      expect(await store.reader.attributeKeys({ ...base, scope: "any", prefix: "service.n" })).toMatchObject([{ scope: "resource", key: "service.name" }]);
      const values = await store.reader.attributeValues({ ...base, scope: "any", key: "http.route", prefix: "/" });
      expect(values.map(({ value }) => value)).toEqual(["/a", "/b%"]);
      expect(await store.reader.attributeValues({ ...base, scope: "any", key: "http.route", prefix: "%" })).toEqual([]);
    });

    test("no question shows another tenant's rows", async () => {
      const trace = traceIdOf(14);
      const secret = { trace, start: NOON, kind: 3, attributes: { "peer.service": "vault", secret: "yes" } };
      await put({ ...secret, tenant: "alice", span: spanIdOf(1) }, { ...secret, tenant: "alice'", span: spanIdOf(2) });
      await store.insert(logBatch([{ tenant: "alice", trace, time: NOON, body: "x" }], ARRIVED));
      await put({ tenant: "other", trace: traceIdOf(15), span: spanIdOf(3), start: NOON });
      for (const tenant of ["bob", "", "alice' OR 1=1 --", "%"]) {
        const { reader } = store;
        const base = { tenant, range: RANGE };
        const series = { ...base, stepNano: Number(MINUTE), filter: { attributes: [] } };
        expect(await reader.trace(tenant, trace)).toBeUndefined();
        expect((await reader.traceLogs(tenant, trace)).length).toBe(0);
        expect(await search(tenant)).toEqual([]);
        expect(await search(tenant, { sort: "slowest" })).toEqual([]);
        expect(await matching(tenant, { scope: "any", key: "service.name", operator: "exists" })).toEqual([]);
        expect(await reader.services(base)).toEqual([]);
        expect(await reader.operations({ ...base, service: "shop" })).toEqual([]);
        expect((await reader.red(series)).count.every((count) => count === 0)).toBe(true);
        expect((await reader.heatmap(series)).bucketNano).toEqual([]);
        expect(await reader.serviceMap(base)).toEqual({ nodes: [], edges: [] });
        expect(await reader.attributeKeys({ ...base, scope: "any", prefix: "", limit: 10 })).toEqual([]);
        expect(await reader.attributeValues({ ...base, scope: "any", key: "secret", prefix: "", limit: 10 })).toEqual([]);
      }
      expect((await store.reader.trace("alice", trace))?.length).toBe(1);
      expect(await search("alice")).toMatchObject([{ spanCount: 1 }]);
    });

    test("a caller that is gone gets cancelled, not an answer", async () => {
      const signal = AbortSignal.abort();
      await expect(store.reader.services({ tenant: "gone", range: RANGE }, signal)).rejects.toMatchObject({ code: "cancelled" });
    });
  });
}
