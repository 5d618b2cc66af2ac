// What goes in comes out: traces and logs by id, exact, once.

import { toHex } from "@clew/model";
import { expect, test } from "vitest";
import { openTraceReader } from "../read/open-trace-reader.ts";
import { tables } from "../schema/tables.ts";
import { attributeRecord, logBatch, spanBatch, spanIdOf, traceIdOf } from "./sample-spans.ts";
import {
  ARRIVED,
  HOSTILE,
  MINUTE,
  NOON,
  RANGE,
  SECOND,
  type StoreInHand,
} from "./store-in-hand.ts";

export function describeTraces(hand: StoreInHand): void {
  test("a trace that arrives in pieces over ten minutes comes back whole and in order of start", async () => {
    const trace = traceIdOf(1);
    for (let i = 9; i >= 0; i--) {
      const start = NOON + BigInt(i) * MINUTE;
      await hand.put({
        tenant: "pieces",
        trace,
        span: spanIdOf(i),
        start,
        ...(i === 0 ? {} : { parent: spanIdOf(0) }),
      });
    }
    const batch = await hand.store.reader.trace("pieces", trace.toUpperCase());
    expect(batch?.length).toBe(10);
    for (let i = 0; i < 10; i++) expect(batch?.startNano(i)).toBe(NOON + BigInt(i) * MINUTE);
    const [summary] = await hand.search("pieces");
    expect(summary).toMatchObject({
      spanCount: 10,
      startUnixNano: String(NOON),
      rootService: "shop",
      rootName: "work",
    });
    expect(summary?.durationNano).toBe(Number(9n * MINUTE) + 1_000_000);
  });

  test("several traces come as one batch, trace by trace in the order asked for", async () => {
    const ids = [3, 1, 2].map((i) => traceIdOf(600 + i));
    const spans = ids.flatMap((trace, at) =>
      [2, 0, 1].map((i) => ({
        tenant: "several",
        trace,
        span: spanIdOf(at * 10 + i),
        service: `s${at}`,
        start: NOON + BigInt(at * 7 + i) * MINUTE,
        attributes: { n: BigInt(at * 10 + i) },
      })),
    );
    await hand.put(...spans);
    const { reader } = hand.store;
    const [a = "", b = "", c = ""] = ids;
    const batch = await reader.traces("several", [c, traceIdOf(699), a, b.toUpperCase()]);
    const found = Array.from({ length: batch?.length ?? 0 }, (_, row) => [
      toHex(batch?.traceIds ?? new Uint8Array(0), row * 16, 16),
      batch?.attributes.int(batch.attributeOffsets[row] as number),
      batch?.strings.text(batch.resources.serviceName[batch.resource[row] as number] as number),
    ]);
    const of = (trace: string, at: number): unknown[] =>
      [0, 1, 2].map((i) => [trace, BigInt(at * 10 + i), `s${at}`]);
    expect(found).toEqual([...of(c, 2), ...of(a, 0), ...of(b, 1)]);
    expect(await reader.traces("several", [])).toBeUndefined();
    expect(await reader.traces("several", [traceIdOf(699)])).toBeUndefined();
    expect(await reader.traces("other", ids)).toBeUndefined();
    await expect(reader.traces("several", ["12"])).rejects.toMatchObject({ code: "bad_request" });
    const small = openTraceReader(hand.store.engine, { maxSpansPerTrace: 8 });
    await expect(small.traces("several", ids)).rejects.toMatchObject({ code: "limit_exceeded" });
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
      [
        {
          tenant: "exact",
          trace: traceIdOf(2),
          span: spanIdOf(1),
          start: NOON,
          name: HOSTILE,
          service: HOSTILE,
          attributes,
          resource,
        },
      ],
      ARRIVED,
    );
    await hand.store.insert(sent);
    const batch = await hand.store.reader.trace("exact", traceIdOf(2));
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
    const found = await hand.search("exact", {
      filter: { service: HOSTILE, operation: HOSTILE, attributes: [] },
    });
    expect(found[0]).toMatchObject({ services: [HOSTILE], matched: { name: HOSTILE } });
  });

  test("events and links come back with their attributes, states and counts", async () => {
    const sent = spanBatch(
      [{ tenant: "events", trace: traceIdOf(3), span: spanIdOf(1), start: NOON }],
      ARRIVED,
    );
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
        sent.linkAttributes.push(
          sent.strings.internText("why"),
          1,
          sent.strings.internText(HOSTILE),
          0,
        );
        sent.commitLink();
      }
      sent.commitSpan(0, 0);
    }
    await hand.store.insert(sent);
    const batch = await hand.store.reader.trace("events", traceIdOf(3));
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
    expect([...batch.eventName.subarray(0, 3)].map(text)).toEqual([
      "event 0",
      "event 0",
      "event 1",
    ]);
    expect([...batch.linkTraceState.subarray(0, 3)].map(text)).toEqual([
      "vendor=0",
      "vendor=0",
      "vendor=1",
    ]);
    expect([...batch.eventAttributeOffsets.subarray(0, 4)]).toEqual([0, 0, 0, 1]);
    expect(batch.eventAttributes.int(0)).toBe(4_294_967_303n);
    expect(attributeRecord(batch.linkAttributes, batch.strings, 2, 3)).toEqual({ why: HOSTILE });
  });

  test("spans whose clocks are broken are found by trace id: start 0, year 2200, past 2262, end before start", async () => {
    const year2200 = 7_258_118_400n * SECOND;
    const starts = [0n, year2200, 2n ** 63n + 5n, NOON];
    for (const [i, start] of starts.entries()) {
      const trace = traceIdOf(40 + i);
      await hand.put({
        tenant: "clocks",
        trace,
        span: spanIdOf(1),
        start,
        duration: i === 3 ? -5n : 7n,
      });
      const batch = await hand.store.reader.trace("clocks", trace);
      expect([batch?.length, batch?.startNano(0), batch?.endNano(0)]).toEqual([
        1,
        start,
        start + (i === 3 ? -5n : 7n),
      ]);
    }
  });

  test("the same segment inserted twice changes no table", async () => {
    const blocks = hand.store.encode(
      spanBatch(
        [
          {
            tenant: "twice",
            trace: traceIdOf(5),
            span: spanIdOf(1),
            start: NOON,
            kind: 3,
            status: 2,
          },
          {
            tenant: "twice",
            trace: traceIdOf(5),
            span: spanIdOf(2),
            parent: spanIdOf(1),
            start: NOON,
            kind: 2,
            service: "stock",
            status: 2,
          },
        ],
        ARRIVED,
      ),
    );
    const contents = async (): Promise<unknown> => {
      const all: Record<string, unknown> = {};
      for (const table of Object.keys(tables)) {
        all[table] = await hand.store.engine.readRows(
          `SELECT count(), sum(cityHash64(*)) FROM ${table} WHERE tenant = 'twice'`,
        );
      }
      return all;
    };
    await hand.store.insertBlocks(blocks, "repeated");
    const once = await contents();
    await hand.store.insertBlocks(blocks, "repeated");
    expect(await contents()).toEqual(once);
    expect(
      (await hand.store.reader.services({ tenant: "twice", range: RANGE })).map(
        ({ spanCount }) => spanCount,
      ),
    ).toEqual([1, 1]);
    expect(
      (await hand.store.reader.serviceMap({ tenant: "twice", range: RANGE })).edges,
    ).toMatchObject([{ source: "shop", target: "stock", count: 1, errorCount: 1 }]);
  });

  test("the logs of a trace come in time order, also without spans and with a late clock", async () => {
    const trace = traceIdOf(11);
    const body = { tenant: "logs", trace };
    await hand.store.insert(
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
      if (withSpans) await hand.put({ tenant: "logs", trace, span: spanIdOf(1), start: NOON });
      const logs = await hand.store.reader.traceLogs("logs", trace);
      expect([...logs.bodies.types.subarray(0, 3)]).toEqual([0, 1, 1]);
      expect(logs.length).toBe(3);
      expect(logs.time[0]).toBe(0);
      expect(logs.strings.text(logs.bodies.slots[2] as number)).toBe(HOSTILE);
      expect(logs.attributes.int(0)).toBe(2n ** 60n);
    }
    expect((await hand.store.reader.traceLogs("logs", traceIdOf(13))).length).toBe(0);
  });

  test("a trace whose resource is not stored yet still names its service, and is whole once it is", async () => {
    const trace = traceIdOf(21);
    const spans = [
      {
        tenant: "early",
        trace,
        span: spanIdOf(1),
        start: NOON,
        service: "early bird",
        resource: { zone: "a" },
      },
    ];
    const blocks = hand.store.encode(spanBatch(spans, ARRIVED));
    await hand.store.insertBlocks(
      blocks.filter(({ table }) => table !== "resources" && table !== "scopes"),
      "early-1",
    );
    const zones: unknown[] = [];
    for (const segment of ["", "early-2", ""]) {
      if (segment !== "")
        await hand.store.insertBlocks(
          blocks.filter(({ table }) => table === "resources"),
          segment,
        );
      const batch = await hand.store.reader.trace("early", trace);
      if (batch === undefined) throw new Error("the trace is not there");
      const { attributes, serviceName } = batch.resources;
      expect(batch.strings.text(serviceName[0] as number)).toBe("early bird");
      zones.push(attributeRecord(attributes, batch.strings, 0, attributes.length)["zone"]);
    }
    expect(zones).toEqual([undefined, "a", "a"]);
  });

  test("a trace larger than the reader's limit is refused by its size, not read", async () => {
    const trace = traceIdOf(22);
    await hand.put(
      ...[1, 2, 3].map((i) => ({ tenant: "large", trace, span: spanIdOf(i), start: NOON })),
    );
    const read = (maxSpansPerTrace: number) =>
      openTraceReader(hand.store.engine, { maxSpansPerTrace }).trace("large", trace);
    await expect(read(2)).rejects.toMatchObject({
      code: "limit_exceeded",
      message: expect.stringContaining("2 spans"),
    });
    expect((await read(3))?.length).toBe(3);
  });
}
