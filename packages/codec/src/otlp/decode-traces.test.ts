import { ClewError } from "@clew/base";
import { SpanBatch, toHex, ValueType } from "@clew/model";
import { describe, expect, test } from "vitest";
import { WireWriter } from "../protobuf/wire-writer.ts";
import { attributeRows, spansOf } from "../testing/snapshot.ts";
import { decodeTraces } from "./decode-traces.ts";
import { encodeTraces } from "./encode-traces.ts";
import type { DecodeLimits, DecodeResult } from "./limits.ts";

const TRACE_ID = "0102030405060708090a0b0c0d0e0f10";
const SPAN_ID = "a1a2a3a4a5a6a7a8";

function bytes(hex: string): Uint8Array {
  const digits = hex.replace(/\s+/g, "");
  return Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

function field(tag: string, content: string): string {
  const length = content.replace(/\s+/g, "").length / 2;
  const writer = new WireWriter();
  writer.varint(length);
  return `${tag}${toHex(writer.finish())}${content}`;
}

function text(value: string): string {
  return toHex(new TextEncoder().encode(value));
}

// A request with one resource and one scope without fields, and the spans given as hex.
function request(...spans: string[]): Uint8Array {
  return bytes(field("0a", field("12", spans.map((span) => field("12", span)).join(""))));
}

const IDS = field("0a", TRACE_ID) + field("12", SPAN_ID);

function decode(
  body: Uint8Array,
  limits?: DecodeLimits,
): { batch: SpanBatch; result: DecodeResult } {
  const batch = new SpanBatch();
  const result = decodeTraces(body, batch, limits);
  return { batch, result };
}

function attribute(key: string, value: string): string {
  return field("4a", field("0a", text(key)) + field("12", value));
}

describe("a known request", () => {
  const span =
    IDS +
    field("1a", text("k=v")) +
    field("22", "b1b2b3b4b5b6b7b8") +
    field("2a", text("GET /a")) +
    "3002" +
    "39 0100000002000000" +
    "41 0300000004000000" +
    attribute("s", field("0a", text("text"))) +
    attribute("i", "18 ffffffffffffffffff01") +
    attribute("d", "21 000000000000f83f") +
    attribute("b", "1001") +
    attribute("raw", field("3a", "00ff")) +
    attribute("list", field("2a", field("0a", "1805") + field("0a", ""))) +
    attribute("map", field("32", field("0a", field("0a", text("k")) + field("12", "1000")))) +
    attribute("none", "") +
    "5007" +
    field("5a", `09 0500000000000000${field("12", text("ev"))}2008`) +
    "6009" +
    field(
      "6a",
      `${field("0a", TRACE_ID)}${field("12", SPAN_ID)}${field("1a", text("x=y"))}2801 35 01010000`,
    ) +
    "700a" +
    field("7a", `${field("12", text("broken"))}1802`) +
    "8501 01030080";
  const resource = field(
    "0a",
    field("0a", field("0a", text("service.name")) + field("12", field("0a", text("shop")))) +
      "1003" +
      field("1a", field("12", text("host"))),
  );
  const scope = field("0a", `${field("0a", text("lib"))}${field("12", text("1.0"))}2002`);
  const body = bytes(
    field(
      "0a",
      field("12", field("1a", text("scope-url")) + field("12", span) + scope) +
        field("1a", text("resource-url")) +
        resource,
    ),
  );

  test("fills every column, although resource and scope come after their spans", () => {
    const { batch, result } = decode(body);
    expect(result).toEqual({ accepted: 1, rejected: 0, message: undefined });
    expect(spansOf(batch)).toEqual([
      {
        tenant: "",
        receivedSeconds: 0,
        resource: {
          attributes: [["service.name", ValueType.String, text("shop")]],
          dropped: 3,
          schemaUrl: "resource-url",
          entityRefs: field("1a", field("12", text("host"))),
          serviceName: "shop",
        },
        scope: { name: "lib", version: "1.0", attributes: [], dropped: 2, schemaUrl: "scope-url" },
        traceId: TRACE_ID,
        spanId: SPAN_ID,
        parentId: "b1b2b3b4b5b6b7b8",
        traceState: "k=v",
        flags: 0x80000301,
        name: "GET /a",
        kind: 2,
        start: 0x200000001n,
        end: 0x400000003n,
        status: 2,
        statusMessage: "broken",
        adjustedCount: 1,
        dropped: [7, 9, 10],
        attributes: [
          ["s", ValueType.String, text("text")],
          ["i", ValueType.Int, "4294967295:4294967295"],
          ["d", ValueType.Double, [0x3ff80000, 0].join(":")],
          ["b", ValueType.Bool, "0:1"],
          ["raw", ValueType.Bytes, "00ff"],
          ["list", ValueType.Array, field("2a", field("0a", "1805") + field("0a", ""))],
          [
            "map",
            ValueType.KvList,
            field("32", field("0a", field("0a", text("k")) + field("12", "1000"))),
          ],
          ["none", ValueType.Empty, "0:0"],
        ],
        events: [{ time: "0:5", name: "ev", dropped: 8, attributes: [] }],
        links: [
          {
            traceId: TRACE_ID,
            spanId: SPAN_ID,
            traceState: "x=y",
            flags: 257,
            dropped: 1,
            attributes: [],
          },
        ],
      },
    ]);
  });

  test("is written back with the same fields in OTLP's own order", () => {
    const ordered = bytes(
      field(
        "0a",
        resource +
          field("12", scope + field("12", span) + field("1a", text("scope-url"))) +
          field("1a", text("resource-url")),
      ),
    );
    expect(toHex(encodeTraces(decode(body).batch))).toBe(toHex(ordered));
  });

  test("either decodes or fails as malformed when it is cut off anywhere", () => {
    const before = decode(request(IDS)).batch;
    const expected = spansOf(before);
    let decoded = 0;
    for (let length = 0; length < body.length; length++) {
      try {
        decodeTraces(body.subarray(0, length), before);
        decoded++;
      } catch (error) {
        expect(error).toBeInstanceOf(ClewError);
        expect((error as ClewError).code).toBe("malformed_payload");
      }
      expect(spansOf(before)).toEqual(expected);
    }
    expect(decoded).toBe(1); // only the empty prefix is a request
  });
});

test("an empty request is accepted and holds nothing", () => {
  expect(decode(new Uint8Array(0)).result).toEqual({
    accepted: 0,
    rejected: 0,
    message: undefined,
  });
});

test("a Buffer inside a larger one decodes like any other bytes", () => {
  const body = request(IDS + field("2a", text("op")));
  const buffer = Buffer.concat([Buffer.from("garbage"), body, Buffer.from("more")]);
  const { batch } = decode(buffer.subarray(7, 7 + body.length));
  expect(batch.strings.text(batch.name[0] as number)).toBe("op");
});

test("equal resources and scopes of several requests share one row", () => {
  const batch = new SpanBatch();
  for (let i = 0; i < 3; i++) decodeTraces(request(IDS), batch);
  expect([batch.length, batch.resources.length, batch.scopes.length]).toEqual([3, 1, 1]);
});

test("a resource given in two parts is merged, as protobuf demands", () => {
  const pair = (key: string) =>
    field("0a", field("0a", text(key)) + field("12", field("0a", text("v"))));
  const body = bytes(
    field("0a", field("0a", pair("a")) + field("12", field("12", IDS)) + field("0a", pair("b"))),
  );
  const { resources, strings } = decode(body).batch;
  expect(attributeRows(resources.attributes, strings, 0, 2)).toEqual([
    ["a", ValueType.String, text("v")],
    ["b", ValueType.String, text("v")],
  ]);
});

describe("a span that breaks a rule is left out, counted and named", () => {
  const cases: [name: string, span: string, reason: string][] = [
    [
      "short trace id",
      field("0a", TRACE_ID.slice(2)) + field("12", SPAN_ID),
      "trace_id must be 16 bytes, got 15",
    ],
    ["no trace id", field("12", SPAN_ID), "trace_id must be 16 bytes, got 0"],
    ["zero trace id", field("0a", "00".repeat(16)) + field("12", SPAN_ID), "trace_id is all zero"],
    [
      "long span id",
      field("0a", TRACE_ID) + field("12", `${SPAN_ID}00`),
      "span_id must be 8 bytes, got 9",
    ],
    ["zero span id", field("0a", TRACE_ID) + field("12", "00".repeat(8)), "span_id is all zero"],
    ["short parent id", IDS + field("22", "01"), "parent_span_id must be 8 bytes or absent, got 1"],
    ["start of 2^63", `${IDS}39 0000000000000080`, "start_time_unix_nano must be below 2^63"],
    [
      "short link id",
      IDS + field("6a", field("0a", "01")),
      "links.trace_id must be 16 bytes, got 1",
    ],
  ];
  test.each(cases)("%s", (_, span, reason) => {
    const good = IDS + attribute("k", field("0a", text("v")));
    const { batch, result } = decode(request(good, span + attribute("x", "1001"), good));
    expect(result).toEqual({
      accepted: 2,
      rejected: 1,
      message: `1 of 3 spans rejected: ${reason}`,
    });
    const [first, second] = spansOf(batch);
    expect(second).toEqual(first);
  });

  test("too many attributes", () => {
    const span = IDS + attribute("a", "1001") + attribute("b", "1001");
    expect(decode(request(span), { maxAttributesPerSpan: 2 }).result.accepted).toBe(1);
    expect(decode(request(span), { maxAttributesPerSpan: 1 }).result.message).toBe(
      "1 of 1 span rejected: has 2 attributes, more than the limit of 1",
    );
  });

  test("too large a value", () => {
    const span = IDS + attribute("a", field("0a", text("123456")));
    expect(decode(request(span), { maxValueBytes: 6 }).result.accepted).toBe(1);
    expect(decode(request(span), { maxValueBytes: 5 }).result.message).toBe(
      "1 of 1 span rejected: AnyValue.string_value is 6 bytes, more than the limit of 5",
    );
  });

  test("all spans of a resource with too large a value", () => {
    const resource = field("0a", field("0a", field("0a", text("a-long-key"))));
    const body = bytes(field("0a", field("12", field("12", IDS) + field("12", IDS)) + resource));
    const { batch, result } = decode(body, { maxValueBytes: 5 });
    expect(result.rejected).toBe(2);
    expect([batch.length, batch.resources.attributes.length]).toEqual([0, 0]);
  });
});

describe("accepted and kept", () => {
  test("an end before the start, kinds and codes that OTLP does not define, repeated keys", () => {
    const span = `${IDS}39 0500000000000000 41 0100000000000000 3009${field("7a", "1803")}${attribute("k", "1001")}${attribute("k", "1802")}`;
    const { batch } = decode(request(span));
    expect(batch.durationNano(0)).toBe(-4);
    expect([batch.kind[0], batch.status[0], batch.attributes.length]).toEqual([0, 0, 2]);
  });

  test("unknown fields of every wire type", () => {
    const unknown = `${field("ba06", "0102")}b00601b506 00000000 b106 0000000000000000`;
    const withUnknown = field("0a", field("12", field("12", IDS + unknown) + unknown) + unknown);
    const { batch, result } = decode(bytes(withUnknown + unknown));
    expect(result.accepted).toBe(1);
    expect(toHex(batch.spanIds, 0, 8)).toBe(SPAN_ID);
  });

  test("bytes that are not UTF-8, as U+FFFD", () => {
    const bad = "61ff62";
    const nested = field("2a", field("0a", field("0a", bad)));
    const span = IDS + field("2a", bad) + attribute("k", field("3a", bad)) + attribute("k", nested);
    const { batch } = decode(request(span + attribute("k", field("0a", bad))));
    expect(batch.strings.text(batch.name[0] as number)).toBe("a\ufffdb");
    const [raw, list, string] = attributeRows(batch.attributes, batch.strings, 0, 3);
    const repaired = text("a\ufffdb");
    expect(raw).toEqual(["k", ValueType.Bytes, bad]);
    expect(list).toEqual(["k", ValueType.Array, field("2a", field("0a", field("0a", repaired)))]);
    expect(string).toEqual(["k", ValueType.String, repaired]);
  });

  test("the last value when an AnyValue sets several", () => {
    const span = IDS + attribute("k", `${field("0a", text("x"))}1805`);
    const { batch } = decode(request(span));
    expect(attributeRows(batch.attributes, batch.strings, 0, 1)).toEqual([
      ["k", ValueType.Int, "0:5"],
    ]);
  });
});

describe("a malformed request leaves the batch as it was", () => {
  const nest = (levels: number): string => {
    let value = "1001";
    for (let i = 1; i < levels; i++) value = field("2a", field("0a", value));
    return value;
  };
  const cases: [name: string, body: Uint8Array, message: RegExp][] = [
    ["group wire type", bytes("0b"), /byte 1, reading request: field 1 has wire type 3/],
    ["unknown group", bytes("fb01"), /wire type 3, which is not supported/],
    ["known field with another wire type", request(`${IDS}2801`), /field 5 has wire type 0/],
    ["field number 0", bytes("0200"), /field number is out of range/],
    ["length beyond the end", bytes("0a7f00"), /byte 2, reading ResourceSpans/],
    ["inner length beyond its message", request(`${IDS}2a05`), /reading Span.name/],
    ["varint of 11 bytes", request(`${IDS}30${"80".repeat(10)}01`), /varint/],
    ["varint beyond 64 bits", request(`${IDS}30${"80".repeat(9)}02`), /more than 64 bits/],
    ["values nested 65 deep", request(IDS + attribute("k", nest(65))), /nested deeper than 64/],
    [
      "damaged entity reference",
      bytes(field("0a", field("0a", field("1a", "0a05")))),
      /entity_refs/,
    ],
    ["damaged nested value", request(IDS + attribute("k", field("2a", "0a05"))), /ArrayValue/],
  ];
  test.each(cases)("%s", (_, body, message) => {
    const batch = decode(request(IDS + attribute("k", "1001"))).batch;
    const before = spansOf(batch);
    const goodThenBad = new Uint8Array([...request(IDS + attribute("j", "1001")), ...body]);
    expect(() => decodeTraces(goodThenBad, batch)).toThrow(ClewError);
    expect(() => decodeTraces(body, batch)).toThrow(message);
    expect(spansOf(batch)).toEqual(before);
    expect(decodeTraces(request(IDS), batch).accepted).toBe(1);
  });

  test("also what was read of a resource or scope before it broke off", () => {
    const pair = field("0a", text("k")) + field("12", "1001");
    const damagedResource = field("0a", field("0a", pair) + field("0a", "0a05"));
    const damagedScope = field("12", field("0a", field("1a", pair) + field("1a", "0a05")));
    for (const level of [damagedResource, damagedScope]) {
      const batch = new SpanBatch();
      expect(() => decodeTraces(bytes(field("0a", level)), batch)).toThrow(ClewError);
      expect([batch.resources.attributes.length, batch.scopes.attributes.length]).toEqual([0, 0]);
    }
  });

  test("but values nested 64 deep are fine", () => {
    expect(decode(request(IDS + attribute("k", nest(64)))).result.accepted).toBe(1);
  });
});
