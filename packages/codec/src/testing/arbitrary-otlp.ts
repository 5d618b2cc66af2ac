// Test support: random OTLP JSON requests, as the objects that JSON.stringify turns into a body.
// Every shape a sender may use occurs: all value types, nesting, empty and repeated keys, extremes.

import fc from "fast-check";

// The same examples on every run: a failure must not come and go.
fc.configureGlobal({ seed: 20_261_122 });

/** A JSON value. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

const text: fc.Arbitrary<string> = fc.string({ unit: "grapheme", maxLength: 12 });
const longText: fc.Arbitrary<string> = fc.string({ minLength: 120, maxLength: 300 });
const word: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom("http.method", "GET", "a", "", "service.name", "\ufeffbom", '\u0000\u001f"\\'),
  text,
  longText,
);

function hex(bytes: number): fc.Arbitrary<string> {
  const digit = fc.constantFrom(..."0123456789abcdef".split(""));
  return fc
    .array(digit, { minLength: bytes * 2 - 1, maxLength: bytes * 2 - 1 })
    .map((digits) => `${digits.join("")}7`);
}

const uint32: fc.Arbitrary<number> = fc.nat({ max: 0xffffffff });
const nanos: fc.Arbitrary<string> = fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }).map(String);
const int64: fc.Arbitrary<string> = fc
  .oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.constantFrom(-(2n ** 63n), 2n ** 63n - 1n, 0n, -1n, 2n ** 53n + 1n),
    fc.integer({ min: -300, max: 300 }).map(BigInt),
  )
  .map(String);
const base64: fc.Arbitrary<string> = fc
  .uint8Array({ maxLength: 20 })
  .map((bytes) => Buffer.from(bytes).toString("base64"));

const double: fc.Arbitrary<number> = fc.oneof(
  fc.double(),
  fc.double({ min: -1e6, max: 1e6 }),
  fc.constantFrom(-0, 0, 1, 1e21, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
);

function doubleJson(value: number): Json {
  if (!Number.isFinite(value)) return String(value);
  return Object.is(value, -0) ? "-0.0" : value;
}

/** OTLP JSON AnyValue objects. */
export const anyValue: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    word.map((value) => ({ stringValue: value })),
    fc.boolean().map((value) => ({ boolValue: value })),
    int64.map((value) => ({ intValue: value })),
    double.map((value) => ({ doubleValue: doubleJson(value) })),
    base64.map((value) => ({ bytesValue: value })),
    fc.constant({}),
    fc.array(tie("value"), { maxLength: 4 }).map((values) => ({ arrayValue: { values } as Json })),
    fc
      .array(fc.record({ key: word, value: tie("value") }), { maxLength: 4 })
      .map((values) => ({ kvlistValue: { values } as Json })),
  ),
})).value;

/** Arrays of OTLP JSON KeyValue objects, repeated keys included. */
export const attributes: fc.Arbitrary<Json> = fc.array(
  fc.record({ key: word, value: anyValue }) as fc.Arbitrary<Json>,
  { maxLength: 6 },
);

const partial = { requiredKeys: [] };

const event = fc.record(
  { timeUnixNano: nanos, name: word, attributes, droppedAttributesCount: uint32 },
  partial,
) as fc.Arbitrary<Json>;

const link = fc.record(
  {
    traceId: hex(16),
    spanId: hex(8),
    traceState: text,
    attributes,
    droppedAttributesCount: uint32,
    flags: uint32,
  },
  partial,
) as fc.Arbitrary<Json>;

const span = fc.record(
  {
    traceId: hex(16),
    spanId: hex(8),
    traceState: text,
    parentSpanId: hex(8),
    flags: uint32,
    name: word,
    kind: fc.integer({ min: 0, max: 5 }),
    startTimeUnixNano: nanos,
    endTimeUnixNano: nanos,
    attributes,
    droppedAttributesCount: uint32,
    events: fc.array(event, { maxLength: 3 }),
    droppedEventsCount: uint32,
    links: fc.array(link, { maxLength: 3 }),
    droppedLinksCount: uint32,
    status: fc.record({ message: word, code: fc.integer({ min: 0, max: 2 }) }, partial),
  },
  { requiredKeys: ["traceId", "spanId"] },
) as fc.Arbitrary<Json>;

const logRecord = fc.record(
  {
    timeUnixNano: nanos,
    observedTimeUnixNano: nanos,
    severityNumber: fc.integer({ min: 0, max: 24 }),
    severityText: text,
    body: anyValue,
    attributes,
    droppedAttributesCount: uint32,
    flags: uint32,
    traceId: fc.oneof(hex(16), fc.constant("")),
    spanId: fc.oneof(hex(8), fc.constant("")),
    eventName: word,
  },
  partial,
) as fc.Arbitrary<Json>;

const entityRef = fc.record({
  schemaUrl: text,
  type: text,
  idKeys: fc.array(text, { minLength: 1, maxLength: 2 }),
});
const resource = fc.record(
  { attributes, droppedAttributesCount: uint32, entityRefs: fc.array(entityRef, { maxLength: 2 }) },
  partial,
);
const scope = fc.record(
  { name: word, version: text, attributes, droppedAttributesCount: uint32 },
  partial,
);

function request(
  outer: string,
  inner: string,
  records: string,
  record: fc.Arbitrary<Json>,
): fc.Arbitrary<Json> {
  const level = fc.record(
    { [records]: fc.array(record, { maxLength: 4 }), scope, schemaUrl: text },
    partial,
  );
  const resourceLevel = fc.record(
    { [inner]: fc.array(level, { maxLength: 2 }), resource, schemaUrl: text },
    partial,
  );
  return fc.record({ [outer]: fc.array(resourceLevel, { maxLength: 3 }) }) as fc.Arbitrary<Json>;
}

/** ExportTraceServiceRequest objects whose spans all keep the rules. */
export const traceRequest: fc.Arbitrary<Json> = request(
  "resourceSpans",
  "scopeSpans",
  "spans",
  span,
);

/** ExportLogsServiceRequest objects whose records all keep the rules. */
export const logRequest: fc.Arbitrary<Json> = request(
  "resourceLogs",
  "scopeLogs",
  "logRecords",
  logRecord,
);
