import { ClewError } from "@clew/base";
import { SpanBatch, ValueType } from "@clew/model";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { attributeRows, spansOf } from "../testing/snapshot.ts";
import { decodeTraces } from "./decode-traces.ts";
import { decodeTracesJson } from "./decode-traces-json.ts";
import { encodeTraces } from "./encode-traces.ts";
import type { DecodeLimits, DecodeResult } from "./limits.ts";

const TRACE_ID = "0102030405060708090a0b0c0d0e0f10";
const SPAN_ID = "a1a2a3a4a5a6a7a8";
const IDS = `"traceId":"${TRACE_ID}","spanId":"${SPAN_ID}"`;

function decode(text: string, limits?: DecodeLimits): { batch: SpanBatch; result: DecodeResult } {
  const batch = new SpanBatch();
  const result = decodeTracesJson(new TextEncoder().encode(text), batch, limits);
  return { batch, result };
}

function request(...spans: string[]): string {
  return `{"resourceSpans":[{"scopeSpans":[{"spans":[${spans.join(",")}]}]}]}`;
}

function values(...anyValues: string[]): unknown[] {
  const attributes = anyValues.map((value) => `{"key":"k","value":${value}}`).join(",");
  const { batch } = decode(request(`{${IDS},"attributes":[${attributes}]}`));
  const rows = attributeRows(batch.attributes, batch.strings, 0, batch.attributes.length);
  return rows.map((row) => (row as unknown[])[2]);
}

test("fields in any order, white space and unknown fields make no difference", () => {
  const plain = `{"resourceSpans":[{
    "resource":{"attributes":[{"key":"service.name","value":{"stringValue":"shop"}}]},
    "scopeSpans":[{"scope":{"name":"lib"},"spans":[{${IDS},"name":"op","kind":3}],"schemaUrl":"s"}],
    "schemaUrl":"r"}]}`;
  const shuffled = `{"later":{"x":[1,{"y":null}]},"resourceSpans":[{"schemaUrl":"r","scopeSpans":
    [{"schemaUrl":"s","spans":[{"kind":3,"future":[[]],"name":"op",${IDS}}],"scope":{"name":"lib","n":1e9}}],
    "resource":{"entityRefs":[],"attributes":[{"value":{"stringValue":"shop"},"key":"service.name"}]}}]}`;
  const { batch, result } = decode(shuffled);
  expect(result.accepted).toBe(1);
  expect(spansOf(batch)).toEqual(spansOf(decode(plain).batch));
  expect(batch.strings.text(batch.resources.serviceName[0] as number)).toBe("shop");
});

test("what JSON says is what protobuf says", () => {
  const { batch } = decode(
    request(`{${IDS},"parentSpanId":"B1B2B3B4B5B6B7B8","traceState":"a=b","flags":4294967295,
      "startTimeUnixNano":"1700000000123456789","endTimeUnixNano":1700000000123456790,
      "droppedAttributesCount":1,"droppedEventsCount":2,"droppedLinksCount":"3",
      "events":[{"timeUnixNano":"18446744073709551615","name":"e","droppedAttributesCount":4}],
      "links":[{${IDS},"flags":5}],"status":{"message":"m","code":2}}`),
  );
  expect(batch.startNano(0)).toBe(1700000000123456789n);
  expect(batch.endNano(0)).toBe(1700000000123456790n);
  expect(batch.eventTime.slice(0, 2)).toEqual(Uint32Array.of(0xffffffff, 0xffffffff));
  const again = new SpanBatch();
  decodeTraces(encodeTraces(batch), again);
  expect(spansOf(again)).toEqual(spansOf(batch));
});

test("nulls mean that a field is not set", () => {
  const { batch } = decode(
    request(`{${IDS},"name":null,"kind":null,"events":null,"status":null,"parentSpanId":null}`),
  );
  expect([batch.length, batch.name[0], batch.eventCount]).toEqual([1, 0, 0]);
});

test("an empty request is accepted and holds nothing", () => {
  for (const text of ["{}", ' {"resourceSpans":[]} ', '{"resourceSpans":[{}]}']) {
    expect(decode(text).result).toEqual({ accepted: 0, rejected: 0, message: undefined });
  }
});

test("escapes become the text they stand for, and half a surrogate pair U+FFFD", () => {
  const { batch } = decode(
    request(`{${IDS},"\\u006eame":"\\u00e9\\ud83d\\ude00\\n\\/\\ud800x\\udc00"}`),
  );
  expect(batch.strings.text(batch.name[0] as number)).toBe("é😀\n/\ufffdx\ufffd");
});

test("64-bit integers are exact, as strings and as numbers", () => {
  const words = (value: bigint) =>
    `${BigInt.asUintN(32, value >> 32n)}:${BigInt.asUintN(32, value)}`;
  const cases = [
    -(2n ** 63n),
    2n ** 63n - 1n,
    2n ** 53n + 1n,
    -(2n ** 32n),
    -1n,
    0n,
    999999999999999n,
    1000000000000000n,
  ];
  for (const value of cases) {
    expect(values(`{"intValue":"${value}"}`, `{"intValue":${value}}`)).toEqual([
      words(value),
      words(value),
    ]);
  }
  expect(values('{"intValue":1.5e3}', '{"intValue":-0}')).toEqual([words(1500n), "0:0"]);
});

test("doubles are rounded as JavaScript rounds them", () => {
  const bits = (value: number) => {
    const words = new Uint32Array(Float64Array.of(value).buffer);
    return `${words[1]}:${words[0]}`;
  };
  const texts = [
    "0.1",
    "-0.0",
    "1e400",
    "5e-324",
    "123456789012345678901234567890",
    "1.7e308",
    "0.30000000000000004",
    "4.35",
    "9007199254740993.0",
    "1E-7",
  ];
  for (const text of texts) {
    expect(values(`{"doubleValue":${text}}`)).toEqual([bits(Number(text))]);
    expect(values(`{"doubleValue":"${text}"}`)).toEqual([bits(Number(text))]);
  }
  const plain = fc.oneof(fc.double({ min: -1e6, max: 1e6 }), fc.double());
  fc.assert(
    fc.property(plain, (value) => {
      const text = JSON.stringify(value + 0);
      if (text !== "null") expect(values(`{"doubleValue":${text}}`)).toEqual([bits(Number(text))]);
    }),
    { numRuns: 1000 },
  );
  const named = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of named) {
    expect(values(`{"doubleValue":"${value}"}`)).toEqual([bits(value)]);
  }
});

test("bytes are base64 of either alphabet, padded or not", () => {
  expect(values('{"bytesValue":"+/8="}', '{"bytesValue":"-_8"}', '{"bytesValue":""}')).toEqual([
    "fbff",
    "fbff",
    "",
  ]);
});

test("an empty value object is an empty value", () => {
  const { batch } = decode(request(`{${IDS},"attributes":[{"key":"k","value":{}},{"key":"j"}]}`));
  expect(Array.from(batch.attributes.types.slice(0, 2))).toEqual([
    ValueType.Empty,
    ValueType.Empty,
  ]);
});

describe("a span that breaks a rule is left out, counted and named", () => {
  const cases: [span: string, reason: string][] = [
    [
      `{"traceId":"${TRACE_ID.slice(2)}","spanId":"${SPAN_ID}"}`,
      "trace_id must be 16 bytes, got 15",
    ],
    [`{"traceId":"xyz","spanId":"${SPAN_ID}"}`, "trace_id must be 32 hex digits"],
    [`{"traceId":"${"0z".repeat(16)}","spanId":"${SPAN_ID}"}`, "trace_id must be 32 hex digits"],
    [`{"traceId":"${TRACE_ID}","spanId":"abc"}`, "span_id must be 16 hex digits"],
    [`{"traceId":"${TRACE_ID}"}`, "span_id must be 8 bytes, got 0"],
    [`{"traceId":"${"0".repeat(32)}","spanId":"${SPAN_ID}"}`, "trace_id is all zero"],
    [`{${IDS},"parentSpanId":"01"}`, "parent_span_id must be 8 bytes or absent, got 1"],
    [
      `{${IDS},"startTimeUnixNano":"9223372036854775808"}`,
      "start_time_unix_nano must be below 2^63",
    ],
  ];
  test.each(cases)("%s", (span, reason) => {
    const { batch, result } = decode(request(`{${IDS}}`, span, `{${IDS}}`));
    const message = `1 of 3 spans rejected: ${reason}`;
    expect(result).toEqual({ accepted: 2, rejected: 1, message });
    expect(batch.length).toBe(2);
  });

  test("limits of counts and sizes", () => {
    const span = `{${IDS},"attributes":[{"key":"a","value":{"bytesValue":"AAAAAAAA"}},{"key":"b"}]}`;
    expect(decode(request(span), { maxAttributesPerSpan: 1 }).result.message).toMatch(
      /2 attributes/,
    );
    expect(decode(request(span), { maxValueBytes: 5 }).result.message).toMatch(
      /bytesValue is 6 byt/,
    );
    expect(decode(request(span), { maxValueBytes: 6 }).result.accepted).toBe(1);
  });
});

describe("a malformed request is refused with its offset and leaves the batch as it was", () => {
  const nest = (levels: number): string =>
    '{"arrayValue":{"values":['.repeat(levels - 1) + "{}" + "]}}".repeat(levels - 1);
  const kvNest = (levels: number): string =>
    `${'{"kvlistValue":{"values":[{"key":"k","value":'.repeat(levels - 1)}{}${"}]}}".repeat(levels - 1)}`;
  const withValue = (value: string) =>
    request(`{${IDS},"attributes":[{"key":"k","value":${value}}]}`);
  const cases: [text: string, message: RegExp][] = [
    ["", /JSON byte 0/],
    ["[]", /expected an object/],
    ["{", /byte 1, reading request/],
    ["{} x", /after the end/],
    ['{"resourceSpans":[{},]}', /expected a value/],
    ['{"a":1,}', /expected a string/],
    ['{"a" 1}', /expected ":"/],
    ['{"a":01}', /starts with 0/],
    ['{"a":1.}', /expected a value/],
    ['{"a":tru}', /expected true/],
    ['{"a":"\\x"}', /bad escape/],
    ['{"a":"\u0001"}', /control character/],
    ['{"a":"x', /not closed/],
    [request(`{${IDS},"kind":"SPAN_KIND_SERVER"}`), /span.kind: enums are numbers/],
    [request(`{${IDS},"startTimeUnixNano":"-1"}`), /unsigned 64-bit/],
    [request(`{${IDS},"startTimeUnixNano":"18446744073709551616"}`), /unsigned 64-bit/],
    [request(`{${IDS},"startTimeUnixNano":1.5}`), /unsigned 64-bit/],
    [request(`{${IDS},"startTimeUnixNano":""}`), /unsigned 64-bit/],
    [request(`{${IDS},"flags":4294967296}`), /32 bits/],
    [request(`{${IDS},"name":5}`), /expected a string/],
    [request(`{"traceId":5}`), /expected a string/],
    [withValue('{"intValue":"9223372036854775808"}'), /signed 64-bit/],
    [withValue('{"intValue":"-9223372036854775809"}'), /signed 64-bit/],
    [withValue('{"doubleValue":"0x10"}'), /expected a number/],
    [withValue('{"bytesValue":"a*"}'), /base64/],
    [withValue('{"bytesValue":"aaaaa"}'), /base64/],
    [withValue(nest(65)), /nested deeper than 64/],
    [withValue(kvNest(65)), /nested deeper than 64/],
    [`{"a":${"[".repeat(100_000)}`, /nested deeper/],
  ];
  test.each(cases)("%s", (text, message) => {
    const { batch } = decode(request(`{${IDS},"attributes":[{"key":"k"}]}`));
    const before = spansOf(batch);
    expect(() => decodeTracesJson(new TextEncoder().encode(text), batch)).toThrow(message);
    expect(() => decodeTracesJson(new TextEncoder().encode(text), batch)).toThrow(ClewError);
    expect(spansOf(batch)).toEqual(before);
  });

  test("but values nested 64 deep are fine", () => {
    expect(decode(withValue(nest(64))).result.accepted).toBe(1);
    expect(decode(withValue(kvNest(64))).result.accepted).toBe(1);
  });

  test("and every prefix of a request is refused", () => {
    const text = request(
      `{${IDS},"name":"a\\u0041","attributes":[{"key":"k","value":{"doubleValue":1.5}}]}`,
    );
    for (let length = 0; length < text.length; length++) {
      expect(() => decode(text.slice(0, length))).toThrow(ClewError);
    }
  });
});
