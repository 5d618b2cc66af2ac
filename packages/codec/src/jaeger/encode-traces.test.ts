import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { traceRequest } from "../testing/arbitrary-otlp.ts";
import {
  batchOf,
  type SentAttribute,
  type SentSpan,
  type SentValue,
  sentSpans,
} from "../testing/request-batch.ts";
import { encodeJaegerChunks } from "./encode-traces.ts";
import { encodeJaegerTracesJson } from "./encode-traces-json.ts";
import { type ReadSpan, readChunk } from "./testing/read-chunk.ts";

interface JsonTag {
  readonly key: string;
  readonly type: string;
  readonly value: unknown;
}
interface JsonSpan {
  readonly traceID: string;
  readonly spanID: string;
  readonly flags?: number;
  readonly operationName: string;
  readonly references: readonly { refType: string; traceID: string; spanID: string }[];
  readonly startTime: number;
  readonly duration: number;
  readonly tags: readonly JsonTag[];
  readonly logs: readonly { timestamp: number; fields: readonly JsonTag[] }[];
  readonly processID: string;
  readonly warnings: readonly string[] | null;
}
interface JsonTrace {
  readonly traceID: string;
  readonly spans: readonly JsonSpan[];
  readonly processes: Readonly<Record<string, { serviceName: string; tags: readonly JsonTag[] }>>;
  readonly warnings: null;
}

// Numbers keep their text: times and ids are beyond what a double holds.
function parseExact(text: string): unknown {
  const keep = (_key: string, value: unknown, context?: { source?: string }): unknown =>
    typeof value === "number" ? `#${context?.source ?? ""}` : value;
  return JSON.parse(text, keep);
}

function tracesOf(request: unknown, raw = true): JsonTrace[] {
  const chunks = [...encodeJaegerTracesJson(batchOf(request), { raw })];
  return JSON.parse(`[${chunks.join("")}]`) as JsonTrace[];
}

function one(span: object, resource: object = {}): JsonSpan {
  const request = requestOf(span, resource);
  return tracesOf(request, false)[0]?.spans[0] as JsonSpan;
}

const ids = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "00f067aa0ba902b7" };

function requestOf(span: object, resource: object = {}): unknown {
  return { resourceSpans: [{ resource, scopeSpans: [{ spans: [{ ...ids, ...span }] }] }] };
}

/** What a sent value is as a Jaeger tag; undefined where only JSON texts hold it. */
function asTag(value: SentValue): { type: string; value: unknown } | undefined {
  if (value.stringValue !== undefined) return { type: "string", value: value.stringValue };
  if (value.boolValue !== undefined) return { type: "bool", value: value.boolValue };
  if (value.intValue !== undefined) {
    const exact = Number.isSafeInteger(Number(value.intValue));
    return { type: "int64", value: exact ? `#${value.intValue}` : value.intValue };
  }
  if (value.doubleValue !== undefined) {
    const number = Number(value.doubleValue);
    const shown = Number.isFinite(number) ? `#${number}` : String(number);
    return { type: "float64", value: shown };
  }
  if (value.bytesValue !== undefined) return { type: "binary", value: value.bytesValue };
  return undefined;
}

function expectTags(tags: readonly JsonTag[], sent: readonly SentAttribute[]): void {
  const known = sent.filter(({ value }) => asTag(value) !== undefined);
  const found = tags.filter((_tag, at) => asTag(sent[at]?.value ?? {}) !== undefined);
  expect(found.slice(0, known.length)).toEqual(
    known.map(({ key, value }) => ({ key, ...asTag(value) })),
  );
}

function expectSpan(span: JsonSpan, trace: JsonTrace, sent: SentSpan): void {
  const start = BigInt(sent.startTimeUnixNano ?? 0);
  const end = BigInt(sent.endTimeUnixNano ?? 0);
  expect(span).toMatchObject({
    spanID: sent.spanId,
    operationName: sent.name ?? "",
    startTime: `#${start / 1000n}`,
    duration: `#${end < start ? 0n : (end - start) / 1000n}`,
  });
  expect(span.warnings === null).toBe(end >= start);
  expectTags(span.tags, sent.attributes ?? []);
  const [parent] = span.references;
  if (sent.parentSpanId !== undefined && !/^0*$/.test(sent.parentSpanId))
    expect(parent).toEqual({
      refType: "CHILD_OF",
      traceID: span.traceID,
      spanID: sent.parentSpanId,
    });
  const links = (sent.links ?? []).filter(({ traceId }) => traceId !== undefined);
  expect(span.references.slice(-links.length || span.references.length)).toMatchObject(
    links.map(({ spanId }) => ({ spanID: spanId ?? "0".repeat(16) })),
  );
  expect(span.logs.map(({ timestamp }) => timestamp)).toEqual(
    (sent.events ?? []).map(({ timeUnixNano = "0" }) => `#${BigInt(timeUnixNano) / 1000n}`),
  );
  const process = trace.processes[span.processID];
  const service = sent.resource.find(({ key }) => key === "service.name")?.value.stringValue;
  if (sent.resource.filter(({ key }) => key === "service.name").length < 2)
    expect(process?.serviceName).toBe(service || "unknown_service");
}

test("every span comes with its ids, times, typed tags, references, logs and process", () => {
  fc.assert(
    fc.property(traceRequest, (request) => {
      const text = [...encodeJaegerTracesJson(batchOf(request), { raw: true })].join("");
      const traces = parseExact(`[${text}]`) as JsonTrace[];
      const found = new Map(
        traces.flatMap((trace) => trace.spans.map((span) => [span.spanID, { span, trace }])),
      );
      const sent = sentSpans(request);
      expect(traces.reduce((sum, { spans }) => sum + spans.length, 0)).toBe(sent.length);
      for (const span of sent) {
        const match = found.get(span.spanId);
        if (match === undefined) throw new Error(`${span.spanId} is missing`);
        expectSpan(match.span, match.trace, span);
      }
    }),
    { numRuns: 150 },
  );
});

test("protobuf says what JSON says, and keeps nanoseconds", () => {
  fc.assert(
    fc.property(traceRequest, (request) => {
      const batch = batchOf(request);
      const traces = parseExact(
        `[${[...encodeJaegerTracesJson(batch, { raw: true })].join("")}]`,
      ) as JsonTrace[];
      const fromJson = traces.flatMap((trace) => trace.spans.map((span) => ({ span, trace })));
      const fromWire = [...encodeJaegerChunks(batch, { raw: true })].flatMap(readChunk);
      expect(fromWire.length).toBe(fromJson.length);
      for (const [at, wire] of fromWire.entries()) {
        const json = fromJson[at] as { span: JsonSpan; trace: JsonTrace };
        expect(inJsonWords(wire)).toEqual({
          ...json.span,
          flags: json.span.flags ?? "#0",
          processID: undefined,
          process: json.trace.processes[json.span.processID],
        });
      }
      const sent = new Map(sentSpans(request).map((span) => [span.spanId, span]));
      for (const wire of fromWire)
        expect(wire.startNano).toBe(BigInt(sent.get(wire.spanId)?.startTimeUnixNano ?? 0));
    }),
    { numRuns: 150 },
  );
});

function inJsonWords(span: ReadSpan): unknown {
  const short = (id: string): string => (id.startsWith("0".repeat(16)) ? id.slice(16) : id);
  const { traceId, spanId, startNano, durationNano, references, logs, flags, ...rest } = span;
  return {
    ...rest,
    flags: `#${flags}`,
    traceID: short(traceId),
    spanID: spanId,
    references: references.map((reference) => ({
      refType: reference.refType,
      traceID: short(reference.traceId),
      spanID: reference.spanId,
    })),
    startTime: `#${startNano / 1000n}`,
    duration: `#${durationNano / 1000n}`,
    logs: logs.map(({ timeNano, fields }) => ({ timestamp: `#${timeNano / 1000n}`, fields })),
    warnings: span.warnings.length === 0 ? null : span.warnings,
  };
}

describe("what OpenTelemetry has and Jaeger has not becomes tags:", () => {
  const tagsOf = (span: object): Record<string, unknown> =>
    Object.fromEntries(one(span).tags.map(({ key, value }) => [key, value]));

  test("kind, failed status with its message, trace state, counts of what was dropped", () => {
    const sent = {
      kind: 3,
      status: { code: 2, message: "refused" },
      traceState: "a=1",
      droppedAttributesCount: 2,
      droppedEventsCount: 3,
      droppedLinksCount: 4,
    };
    expect(tagsOf(sent)).toEqual({
      "span.kind": "client",
      error: true,
      "otel.status_code": "ERROR",
      "otel.status_description": "refused",
      "w3c.tracestate": "a=1",
      "otel.dropped_attributes_count": 2,
      "otel.dropped_events_count": 3,
      "otel.dropped_links_count": 4,
    });
  });

  test("an unset status and an unspecified kind say nothing", () => {
    expect(tagsOf({})).toEqual({});
    expect(tagsOf({ status: { code: 1 } })).toEqual({ "otel.status_code": "OK" });
  });

  test("an attribute of the same name is not repeated", () => {
    const attributes = [{ key: "error", value: { stringValue: "timeout" } }];
    expect(one({ attributes, status: { code: 2 } }).tags.map(({ key }) => key)).toEqual([
      "error",
      "otel.status_code",
    ]);
  });
});

test("a 64-bit trace id has 16 digits", () => {
  expect(one({ traceId: "0000000000000000000000000000ca27" }).traceID).toBe("000000000000ca27");
  expect(one({}).traceID).toBe(ids.traceId);
});

test("an event's name is the field `event`, unless an attribute is called so", () => {
  const event = (attributes: object[]): object => ({
    events: [{ timeUnixNano: "5000", name: "miss", attributes }],
  });
  const own = { key: "event", value: { stringValue: "own" } };
  expect(one(event([])).logs).toEqual([
    { timestamp: 5, fields: [{ key: "event", type: "string", value: "miss" }] },
  ]);
  expect(one(event([own])).logs[0]?.fields).toEqual([
    { key: "event", type: "string", value: "own" },
  ]);
});

test("a link that was a second parent in OpenTracing is one again", () => {
  const link = { traceId: ids.traceId, spanId: "00000000000000aa" };
  const attributes = [{ key: "opentracing.ref_type", value: { stringValue: "child_of" } }];
  expect(
    one({ links: [link, { ...link, attributes }] }).references.map(({ refType }) => refType),
  ).toEqual(["FOLLOWS_FROM", "CHILD_OF"]);
});

describe("ids are unique within a trace:", () => {
  const services = (spans: Readonly<Record<string, object[]>>): unknown => ({
    resourceSpans: Object.entries(spans).map(([service, own]) => ({
      resource: { attributes: [{ key: "service.name", value: { stringValue: service } }] },
      scopeSpans: [{ spans: own }],
    })),
  });
  const at = (spanId: string, kind: number, parentSpanId?: string): object => ({
    traceId: ids.traceId,
    spanId: spanId.padStart(16, "0"),
    kind,
    ...(parentSpanId === undefined ? {} : { parentSpanId: parentSpanId.padStart(16, "0") }),
  });
  const shared = services({
    web: [at("1", 3), at("5", 1, "1")],
    cart: [at("1", 2), at("2", 1, "1")],
  });

  test("a server that shares its client's id becomes its child, and takes its own children along", () => {
    const [trace] = tracesOf(shared, false);
    const found = trace?.spans.map(({ spanID, references }) => [spanID, references[0]?.spanID]);
    const fresh = "3".padStart(16, "0");
    const id = (text: string): string => text.padStart(16, "0");
    expect(found).toEqual([
      [id("1"), undefined],
      [id("5"), id("1")],
      [fresh, id("1")],
      [id("2"), fresh],
    ]);
    expect(trace?.spans[2]?.warnings).toHaveLength(1);
  });

  test("raw leaves them as they are", () => {
    const [trace] = tracesOf(shared, true);
    expect(trace?.spans.filter(({ spanID }) => spanID.endsWith("1"))).toHaveLength(2);
  });

  test("a span that was sent twice is shown once", () => {
    const twice = services({ web: [at("1", 3), at("1", 3)], cart: [at("2", 2)] });
    expect(tracesOf(twice, false)[0]?.spans).toHaveLength(2);
    expect(tracesOf(twice, true)[0]?.spans).toHaveLength(3);
  });
});

test("a long trace comes in chunks that a gRPC client takes", () => {
  const text = "x".repeat(2000);
  const spans = Array.from({ length: 1500 }, (_, at) => ({
    ...ids,
    spanId: (at + 1).toString(16).padStart(16, "0"),
    attributes: [{ key: "text", value: { stringValue: text } }],
  }));
  const batch = batchOf({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
  const chunks = [...encodeJaegerChunks(batch)];
  expect(chunks.length).toBeGreaterThan(2);
  for (const chunk of chunks) expect(chunk.length).toBeLessThan(2 * 1024 * 1024);
  expect(chunks.flatMap(readChunk)).toHaveLength(1500);
});

test("an empty batch is no trace and no chunk", () => {
  const batch = batchOf({ resourceSpans: [] });
  expect([...encodeJaegerTracesJson(batch)]).toEqual([]);
  expect([...encodeJaegerChunks(batch)]).toEqual([]);
});
