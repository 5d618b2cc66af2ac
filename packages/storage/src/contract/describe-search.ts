// Search: what it finds, in which order, over all pages, and for whom.

import type { AttributeFilter, TraceSummary } from "@clew/model";
import { expect, test } from "vitest";
import { logBatch, type SampleSpan, spanIdOf, traceIdOf } from "./sample-spans.ts";
import {
  ARRIVED,
  HOSTILE,
  MINUTE,
  NOON,
  RANGE,
  SECOND,
  type StoreInHand,
} from "./store-in-hand.ts";

export function describeSearch(hand: StoreInHand): void {
  test("a range includes its first nanosecond and excludes its last", async () => {
    const at = (offset: bigint, i: number): SampleSpan => ({
      tenant: "edges",
      trace: traceIdOf(60 + i),
      span: spanIdOf(1),
      start: NOON + offset,
    });
    await hand.put(at(-1n, 0), at(0n, 1), at(MINUTE - 1n, 2), at(MINUTE, 3));
    const found = await hand.search("edges", {
      range: { startNano: NOON, endNano: NOON + MINUTE },
    });
    expect(found.map(({ traceId }) => traceId)).toEqual([traceIdOf(62), traceIdOf(61)]);
    expect(await hand.search("edges", { range: { startNano: NOON, endNano: NOON } })).toEqual([]);
    const inside = { startNano: NOON + 1n, endNano: NOON + MINUTE - 1n };
    expect(await hand.search("edges", { range: inside })).toEqual([]);
    for (const sort of ["newest", "slowest"] as const) {
      const range = { startNano: NOON - 1n, endNano: NOON + MINUTE + 1n };
      expect(await hand.search("edges", { range, sort })).toHaveLength(4);
    }
  });

  test("newest comes newest first and slowest slowest first, each trace under the span that earned it", async () => {
    const t = (i: number): string => traceIdOf(70 + i);
    await hand.put(
      { tenant: "order", trace: t(0), span: spanIdOf(1), start: NOON, duration: 5n },
      {
        tenant: "order",
        trace: t(0),
        span: spanIdOf(2),
        start: NOON + 3n * MINUTE,
        duration: 9n,
      },
      {
        tenant: "order",
        trace: t(1),
        span: spanIdOf(3),
        start: NOON + 2n * MINUTE,
        duration: 50n,
      },
      { tenant: "order", trace: t(1), span: spanIdOf(4), start: NOON + MINUTE, duration: 60n },
      {
        tenant: "order",
        trace: t(2),
        span: spanIdOf(5),
        start: NOON - 59n * MINUTE,
        duration: 20n,
      },
    );
    const shape = (traces: readonly TraceSummary[]): unknown =>
      traces.map((one) => [one.traceId, one.matched.spanId]);
    expect(shape(await hand.search("order"))).toEqual([
      [t(0), spanIdOf(2)],
      [t(1), spanIdOf(3)],
      [t(2), spanIdOf(5)],
    ]);
    expect(shape(await hand.search("order", { sort: "slowest" }))).toEqual([
      [t(1), spanIdOf(4)],
      [t(2), spanIdOf(5)],
      [t(0), spanIdOf(2)],
    ]);
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
          spans.push({
            tenant,
            trace: traceIdOf(1000 + trace),
            span: spanIdOf(number),
            start,
            duration,
          });
        }
      }
      await hand.put(...spans);
      const best = new Map<string, bigint>();
      for (const { trace, start, duration = 0n } of spans) {
        const value = sort === "newest" ? start : duration;
        if (value > (best.get(trace) ?? -1n)) best.set(trace, value);
      }
      const expected = [...best]
        .sort(([a, x], [b, y]) => (x === y ? (a < b ? 1 : -1) : x < y ? 1 : -1))
        .map(([id]) => id);
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const query = {
          tenant,
          range: RANGE,
          filter: { attributes: [] },
          sort,
          limit: 7,
          ...(cursor === undefined ? {} : { cursor }),
        };
        const page = await hand.store.reader.search(query);
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
      await expect(hand.search("none", { cursor })).rejects.toMatchObject({ code: "bad_request" });
    }
  });

  test("attribute conditions meet values on their own terms, in the span, its resource, or either", async () => {
    const add = (
      i: number,
      attributes: SampleSpan["attributes"],
      resource: SampleSpan["resource"] = {},
    ): SampleSpan => {
      return {
        tenant: "attributes",
        trace: traceIdOf(100 + i),
        span: spanIdOf(i),
        start: NOON,
        attributes: attributes ?? {},
        resource,
      };
    };
    await hand.put(
      add(0, { "user.id": "42", "http.route": "/a", "http.response.status_code": 404n }),
      add(1, { "user.id": 42n, "http.route": "/b", "http.response.status_code": 200n }),
      add(2, { "user.id": 42.0, "http.response.status_code": "404" }),
      add(3, { "user.id": true }, { "user.id": "42", zone: "north" }),
      add(4, {}, { "user.id": 42n, zone: "south" }),
      add(5, { "user.id": "", zone: "north" }),
      add(6, { "user.id": undefined }),
    );
    const is = async (filter: AttributeFilter, ...expected: number[]): Promise<void> => {
      expect([filter, await hand.matching("attributes", filter)]).toEqual([
        filter,
        expected.map((i) => traceIdOf(100 + i)).sort(),
      ]);
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
    await is(
      { scope: "span", key: "http.response.status_code", operator: "=", value: "404" },
      0,
      2,
    );
    await is({ scope: "span", key: "http.response.status_code", operator: ">=", value: "400" }, 0);
    await is({ scope: "any", key: "zone", operator: "=", value: "north" }, 3, 5);
    await is({ scope: "any", key: HOSTILE, operator: "=", value: HOSTILE });
    await is({ scope: "span", key: "user.id", operator: "=", value: "7673135746753095999123" });
  });

  test("a number that is not there is not 0", async () => {
    const add = (i: number, attributes: NonNullable<SampleSpan["attributes"]>): SampleSpan => {
      return {
        tenant: "zero",
        trace: traceIdOf(130 + i),
        span: spanIdOf(i),
        start: NOON,
        attributes,
      };
    };
    await hand.put(
      add(0, { items: 0n, share: 0.0 }),
      add(1, { items: -5n, share: -0.5 }),
      add(2, { items: 5n, share: 0.5 }),
      add(3, { other: 1n, another: 1.5 }),
    );
    const expected: [AttributeFilter["operator"], string, string, number[]][] = [
      ["=", "0", "0", [0]],
      ["!=", "0", "0", [1, 2]],
      ["!=", "5", "0.5", [0, 1]],
      [">", "-1", "-0.1", [0, 2]],
      [">", "0", "0", [2]],
      [">=", "0", "0", [0, 2]],
      [">=", "1", "0.1", [2]],
      ["<", "1", "0.1", [0, 1]],
      ["<", "0", "0", [1]],
      ["<=", "0", "0", [0, 1]],
      ["<=", "-1", "-0.1", [1]],
    ];
    for (const [operator, items, share, found] of expected) {
      const ids = found.map((i) => traceIdOf(130 + i)).sort();
      const whole: AttributeFilter = { scope: "span", key: "items", operator, value: items };
      const part: AttributeFilter = { scope: "span", key: "share", operator, value: share };
      expect([whole, await hand.matching("zero", whole)]).toEqual([whole, ids]);
      expect([part, await hand.matching("zero", part)]).toEqual([part, ids]);
    }
  });

  test("conditions that cannot be run name what is wrong", async () => {
    const bad = { code: "bad_request" };
    await hand.put({
      tenant: "bad",
      trace: traceIdOf(8),
      span: spanIdOf(1),
      start: NOON,
      attributes: { a: "x" },
    });
    await expect(
      hand.matching("bad", { scope: "span", key: "a", operator: "regex", value: "(x" }),
    ).rejects.toMatchObject(bad);
    await expect(
      hand.matching("bad", { scope: "span", key: "a", operator: ">", value: "x" }),
    ).rejects.toMatchObject(bad);
    await expect(hand.search("bad", { limit: 0 })).rejects.toMatchObject(bad);
    await expect(
      hand.search("bad", { filter: { minDurationNano: Number.NaN, attributes: [] } }),
    ).rejects.toMatchObject(bad);
    await expect(hand.store.reader.trace("bad", "12")).rejects.toMatchObject(bad);
  });

  test("service, operation, kind, status and duration all have to hold for one span", async () => {
    const base = {
      tenant: "fields",
      start: NOON,
      service: "cart",
      name: "add",
      kind: 2,
      status: 2,
      duration: 500n,
    };
    await hand.put(
      { ...base, trace: traceIdOf(90), span: spanIdOf(1) },
      { ...base, trace: traceIdOf(91), span: spanIdOf(2), service: "bill" },
      { ...base, trace: traceIdOf(92), span: spanIdOf(3), name: "drop" },
      { ...base, trace: traceIdOf(93), span: spanIdOf(4), kind: 3 },
      { ...base, trace: traceIdOf(94), span: spanIdOf(5), status: 1 },
      { ...base, trace: traceIdOf(95), span: spanIdOf(6), duration: 501n },
      { ...base, trace: traceIdOf(96), span: spanIdOf(7), duration: 499n },
    );
    const filter = {
      service: "cart",
      operation: "add",
      kind: "server",
      status: "error",
      minDurationNano: 500,
      maxDurationNano: 500,
      attributes: [],
    } as const;
    expect((await hand.search("fields", { filter })).map(({ traceId }) => traceId)).toEqual([
      traceIdOf(90),
    ]);
  });

  test("no question shows another tenant's rows", async () => {
    const trace = traceIdOf(14);
    const secret = {
      trace,
      start: NOON,
      kind: 3,
      attributes: { "peer.service": "vault", secret: "yes" },
    };
    await hand.put(
      { ...secret, tenant: "alice", span: spanIdOf(1) },
      { ...secret, tenant: "alice'", span: spanIdOf(2) },
    );
    await hand.store.insert(logBatch([{ tenant: "alice", trace, time: NOON, body: "x" }], ARRIVED));
    await hand.put({ tenant: "other", trace: traceIdOf(15), span: spanIdOf(3), start: NOON });
    for (const tenant of ["bob", "", "alice' OR 1=1 --", "%"]) {
      const { reader } = hand.store;
      const base = { tenant, range: RANGE };
      const series = { ...base, stepNano: Number(MINUTE), filter: { attributes: [] } };
      expect(await reader.trace(tenant, trace)).toBeUndefined();
      expect((await reader.traceLogs(tenant, trace)).length).toBe(0);
      expect(await hand.search(tenant)).toEqual([]);
      expect(await hand.search(tenant, { sort: "slowest" })).toEqual([]);
      expect(
        await hand.matching(tenant, { scope: "any", key: "service.name", operator: "exists" }),
      ).toEqual([]);
      expect(await reader.services(base)).toEqual([]);
      expect(await reader.operations({ ...base, service: "shop" })).toEqual([]);
      expect((await reader.red(series)).count.every((count) => count === 0)).toBe(true);
      expect((await reader.heatmap(series)).bucketNano).toEqual([]);
      expect(await reader.serviceMap(base)).toEqual({ nodes: [], edges: [] });
      expect(await reader.attributeKeys({ ...base, scope: "any", prefix: "", limit: 10 })).toEqual(
        [],
      );
      expect(
        await reader.attributeValues({
          ...base,
          scope: "any",
          key: "secret",
          prefix: "",
          limit: 10,
        }),
      ).toEqual([]);
    }
    expect((await hand.store.reader.trace("alice", trace))?.length).toBe(1);
    expect(await hand.search("alice")).toMatchObject([{ spanCount: 1 }]);
  });

  test("a caller that is gone gets cancelled, not an answer", async () => {
    const signal = AbortSignal.abort();
    await expect(
      hand.store.reader.services({ tenant: "gone", range: RANGE }, signal),
    ).rejects.toMatchObject({ code: "cancelled" });
  });
}
