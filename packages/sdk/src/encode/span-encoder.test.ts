// Spans as they are set and as a receiver reads them; and whatever a program hands over.

import type { SpanKind } from "@opentelemetry/api";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { batchBody } from "../deliver/batch.ts";
import { OpenBatch } from "../deliver/open-batch.ts";
import { type ReceivedSpan, readSpans } from "../testing/otlp-sink.ts";
import type { SpanLimits } from "../trace/limits.ts";
import { Scope } from "../trace/scope.ts";
import { RecordingSpan } from "../trace/span.ts";

fc.configureGlobal({ seed: 20_261_122 });

const TRACE = "0af7651916cd43dd8448eb211c80319c";
const PARENT = "00f067aa0ba902b7";
const LIMITS: SpanLimits = {
  attributes: 128,
  valueLength: 64 * 1024,
  events: 128,
  links: 128,
  attributesPerEvent: 128,
  attributesPerLink: 128,
};

function makeSpan(limits: Partial<SpanLimits> = {}, name = "work"): RecordingSpan {
  const scope = new Scope("test", "1", { limits: { ...LIMITS, ...limits }, take() {} });
  const identity = {
    traceId: TRACE,
    spanId: "b7ad6b7169203331",
    parentSpanId: PARENT,
    remoteParent: true,
    flags: 3,
    traceState: "ot=th:8",
  };
  return new RecordingSpan(scope, identity, name, 1, 5.25, 1_790_000_000_000.125);
}

function sent(...spans: RecordingSpan[]): ReceivedSpan[] {
  const batch = new OpenBatch(() => Buffer.alloc(0));
  for (const span of spans) {
    span.end();
    batch.add(span.scope as Scope, span);
  }
  expect(batch.failed).toBe(0);
  return readSpans(batchBody(batch.seal(0)));
}

const one = (span: RecordingSpan): ReceivedSpan => sent(span)[0] as ReceivedSpan;

test("a span arrives as it was made", () => {
  const span = makeSpan();
  span.setAttributes({ text: "ä€😀", number: 1, share: 0.5, yes: true, list: ["a", "b"], big: -7 });
  span.addEvent("cache miss", { key: "k" }, [1_790_000_001, 500]);
  span.addLink({
    context: { traceId: TRACE, spanId: PARENT, traceFlags: 1 },
    attributes: { a: 1 },
  });
  span.setStatus({ code: 2, message: "no" });
  span.updateName("renamed");
  span.end([1_790_000_010, 123_456_789]);
  const received = one(span);
  expect(received).toMatchObject({
    traceId: TRACE,
    spanId: "b7ad6b7169203331",
    parentSpanId: PARENT,
    traceState: "ot=th:8",
    name: "renamed",
    kind: 2,
    flags: 0x303,
    endTimeUnixNano: "1790000010123456789",
    attributes: { text: "ä€😀", number: 1, share: 0.5, yes: true, list: ["a", "b"], big: -7 },
    status: { code: 2, message: "no" },
    events: [{ name: "cache miss", attributes: { key: "k" } }],
    links: [{ traceId: TRACE, spanId: PARENT }],
  });
  expect(received.startTimeUnixNano).toBe("1790000000005375000");
});

test("texts, numbers and names of every kind come back", () => {
  const value = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 300 }),
    fc.maxSafeInteger(),
    fc.double({ noDefaultInfinity: true, noNaN: true }).filter((x) => !Object.is(x, -0)),
    fc.boolean(),
    fc.array(fc.string({ unit: "grapheme" }), { maxLength: 5 }),
  );
  const key = fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(
      fc.dictionary(key, value, { maxKeys: 30, noNullPrototype: true }),
      key,
      (given, name) => {
        const span = makeSpan({}, name);
        span.setAttributes(given);
        const received = one(span);
        expect(received.name).toBe(name.toWellFormed());
        expect(received.attributes).toEqual(given);
      },
    ),
  );
});

test("times of a day around are exact to the nanosecond", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1_790_000_001, max: 1_790_086_400 }),
      fc.integer({ min: 0, max: 999_999_999 }),
      (seconds, nanos) => {
        const span = makeSpan();
        span.end([seconds, nanos]);
        expect(one(span).endTimeUnixNano).toBe(
          String(BigInt(seconds) * 1_000_000_000n + BigInt(nanos)),
        );
      },
    ),
  );
});

describe("what a program should not do", () => {
  const cyclic: Record<string, unknown> = { name: "loop" };
  cyclic["self"] = cyclic;
  const throwing = {
    fine: 1,
    get broken(): never {
      throw new Error("boom");
    },
  };
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const strange: readonly [string, unknown][] = [
    ["a cyclic object", cyclic],
    ["a throwing getter", throwing],
    ["a revoked proxy", revoked.proxy],
    ["a symbol", Symbol("s")],
    ["a function", () => {}],
    ["a huge integer", 2n ** 100n],
    ["an integer", 5n],
    ["NaN", Number.NaN],
    ["a date out of range", new Date(Number.NaN)],
    ["an error", new TypeError("t")],
    ["a list of all sorts", [1, "a", null, undefined, {}, [[]]]],
    ["a lone surrogate", "a\uD800b"],
    ["a map", new Map([[1, 2]])],
    ["an object without prototype", Object.create(null)],
    ["bytes", new Uint8Array([1, 2, 3])],
  ];

  test.each(strange)("%s never throws, and the span arrives", (_, value) => {
    const span = makeSpan();
    span.setAttribute("strange", value);
    span.setAttributes({ more: value });
    span.addEvent("event", { value });
    span.recordException(value as never);
    span.setStatus(value as never);
    span.addLink(value as never);
    span.setAttribute("after", "ok");
    expect(one(span).attributes["after"]).toBe("ok");
  });

  test("attributes given as a throwing object lose only what throws", () => {
    const span = makeSpan();
    span.setAttributes(throwing);
    const received = one(span);
    expect(received.attributes).toEqual({ fine: 1 });
    expect(received.droppedAttributesCount).toBe(1);
  });

  test("anything at all", () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withMap: true }), (value) => {
        const span = makeSpan();
        span.setAttribute("any", value);
        span.updateName(value as never);
        span.addEvent(value as never, value as never, value as never);
        sent(span);
      }),
    );
  });
});

describe("limits", () => {
  test("attributes, events and links beyond them are counted", () => {
    const span = makeSpan({ attributes: 2, events: 1, links: 1, valueLength: 3 });
    for (let i = 0; i < 5; i++) {
      span.setAttribute(`key ${i}`, "abcdef");
      span.addEvent(`event ${i}`);
      span.addLink({ context: { traceId: TRACE, spanId: PARENT, traceFlags: 1 } });
    }
    const received = one(span);
    expect(received.attributes).toEqual({ "key 0": "abc", "key 1": "abc" });
    expect(received).toMatchObject({
      droppedAttributesCount: 3,
      droppedEventsCount: 4,
      droppedLinksCount: 4,
      events: [{ name: "event 4" }],
    });
  });

  test("a cut never splits a character", () => {
    const span = makeSpan({ valueLength: 2 });
    span.setAttribute("text", "a😀");
    expect(one(span).attributes["text"]).toBe("a");
  });

  test("a span of a megabyte arrives whole", () => {
    const span = makeSpan();
    for (let i = 0; i < 20; i++) span.setAttribute(`key ${i}`, "x".repeat(60_000));
    expect(Object.keys(one(span).attributes)).toHaveLength(20);
  });
});

test("after its end a span does not change any more", () => {
  const span = makeSpan();
  span.setAttribute("before", 1);
  span.end();
  const { endMs } = span;
  span.setAttribute("after", 1).updateName("after").addEvent("after").setStatus({ code: 2 });
  span.end();
  expect(span.endMs).toBe(endMs);
  expect(one(span)).toMatchObject({ name: "work", attributes: { before: 1 }, events: [] });
});

test("drops are told in the scope of the first spans of a batch", () => {
  const batch = new OpenBatch(() => Buffer.alloc(0));
  const span = makeSpan();
  span.end();
  batch.add(span.scope as Scope, span);
  expect(readSpans(batchBody(batch.seal(17)))[0]?.scopeAttributes).toEqual({
    "clew.dropped_spans": 17,
  });
});

test("objects that hold themselves many times over are written up to a limit", () => {
  const list: unknown[] = [];
  const members: Record<string, unknown> = {};
  for (let i = 0; i < 256; i++) {
    list.push(list);
    members[`member ${i}`] = members;
  }
  const span = makeSpan();
  span.setAttribute("list", list);
  span.setAttribute("members", members);
  span.setAttribute("after", "still here");
  span.end();
  const batch = new OpenBatch(() => Buffer.alloc(0));
  batch.add(span.scope as Scope, span);
  expect(batch.bytes).toBeLessThan(1024 * 1024);
  expect(readSpans(batchBody(batch.seal(0)))[0]?.attributes["after"]).toBe("still here");
});

test("names have a limit, and kinds that there are none of are left out", () => {
  const span = makeSpan({}, "n".repeat(1_000_000));
  span.addEvent("e".repeat(1_000_000));
  const [scope, identity] = [span.scope as Scope, span];
  const odd = new RecordingSpan(scope, identity, "odd", 200 as SpanKind, 5, 1_790_000_000_000);
  const [long, other] = sent(span, odd);
  expect(long?.name).toHaveLength(64 * 1024);
  expect(long?.events[0]?.name).toHaveLength(64 * 1024);
  expect(other).toMatchObject({ name: "odd" });
});

test("links and times that are none leave the span alone", () => {
  const span = makeSpan();
  span.addLinks({} as never);
  span.end([1n, 2n] as never);
  expect(one(span)).toMatchObject({ name: "work" });
});
