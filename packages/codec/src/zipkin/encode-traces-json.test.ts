import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { traceRequest } from "../testing/arbitrary-otlp.ts";
import { batchOf, type SentValue, sentSpans } from "../testing/request-batch.ts";
import { encodeZipkinTracesJson } from "./encode-traces-json.ts";

interface ZipkinSpan {
  readonly traceId: string;
  readonly id: string;
  readonly parentId?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly timestamp?: number;
  readonly duration?: number;
  readonly localEndpoint?: Readonly<Record<string, unknown>>;
  readonly remoteEndpoint?: Readonly<Record<string, unknown>>;
  readonly annotations?: readonly { timestamp: number; value: string }[];
  readonly tags?: Readonly<Record<string, string>>;
  readonly shared?: boolean;
}

const ids = { traceId: "0af7651916cd43dd8448eb211c80319c", spanId: "00f067aa0ba902b7" };

function tracesOf(request: unknown): ZipkinSpan[][] {
  const chunks = [...encodeZipkinTracesJson(batchOf(request))];
  return JSON.parse(`[${chunks.join("")}]`) as ZipkinSpan[][];
}

function spansOf(request: unknown): ZipkinSpan[] {
  return tracesOf(request).flat();
}

function one(span: object, resource: object = {}): ZipkinSpan {
  const request = {
    resourceSpans: [{ resource, scopeSpans: [{ spans: [{ ...ids, ...span }] }] }],
  };
  return spansOf(request)[0] as ZipkinSpan;
}

function texts(values: Readonly<Record<string, string>>): object[] {
  return Object.entries(values).map(([key, stringValue]) => ({ key, value: { stringValue } }));
}

/** The tag of a sent scalar. */
function asText(value: SentValue): string | undefined {
  if (value.stringValue !== undefined) return value.stringValue;
  if (value.boolValue !== undefined) return String(value.boolValue);
  if (value.intValue !== undefined) return value.intValue;
  return value.bytesValue;
}

test("every span comes with its ids, times, scalar attributes and events", () => {
  fc.assert(
    fc.property(traceRequest, (request) => {
      const spans = new Map(spansOf(request).map((span) => [span.id, span]));
      const sent = sentSpans(request);
      expect(spans.size).toBe(sent.length);
      for (const from of sent) {
        const span = spans.get(from.spanId);
        const start = BigInt(from.startTimeUnixNano ?? 0);
        expect(span?.timestamp ?? 0).toBe(Number(start / 1000n));
        expect(span?.name ?? "").toBe(from.name ?? "");
        expect(span?.annotations?.length ?? 0).toBe(from.events?.length ?? 0);
        const wanted = new Map<string, SentValue>();
        for (const { key, value } of from.attributes ?? []) wanted.set(key, value);
        for (const [key, value] of wanted) {
          const expected = asText(value);
          if (expected !== undefined && key !== "error") expect(span?.tags?.[key]).toBe(expected);
        }
      }
    }),
    { numRuns: 150 },
  );
});

test("64-bit integers keep all digits, arrays are JSON, bytes base64", () => {
  const attributes = [
    { key: "n", value: { intValue: "-9223372036854775808" } },
    {
      key: "list",
      value: { arrayValue: { values: [{ intValue: "9007199254740993" }, { stringValue: "a" }] } },
    },
    { key: "bytes", value: { bytesValue: "AQI=" } },
    { key: "nan", value: { doubleValue: "NaN" } },
  ];
  expect(one({ attributes }).tags).toEqual({
    n: "-9223372036854775808",
    list: '[9007199254740993,"a"]',
    bytes: "AQI=",
    nan: "NaN",
  });
});

test("a resource's attributes are tags too, and the span's own win", () => {
  const resource = { attributes: texts({ "service.name": "cart", zone: "north", host: "a" }) };
  const span = one({ attributes: texts({ host: "b" }) }, resource);
  expect(span.localEndpoint).toEqual({ serviceName: "cart" });
  expect(span.tags).toEqual({ zone: "north", host: "b" });
});

describe("status:", () => {
  test("an error has a tag `error` with the message, or an empty one", () => {
    expect(one({ status: { code: 2, message: "no card" } }).tags).toEqual({
      "otel.status_code": "ERROR",
      error: "no card",
    });
    expect(one({ status: { code: 2 } }).tags?.["error"]).toBe("");
  });

  test("an error that the sender named keeps its name", () => {
    const span = one({ attributes: texts({ error: "timeout" }), status: { code: 2 } });
    expect(span.tags?.["error"]).toBe("timeout");
  });

  test("no status, no tag", () => {
    expect(one({}).tags).toBeUndefined();
  });
});

describe("times:", () => {
  test("a duration is at least a microsecond and never negative", () => {
    const times = (end: string): object => ({ startTimeUnixNano: "1000", endTimeUnixNano: end });
    expect(one(times("1001")).duration).toBe(1);
    expect(one(times("1000")).duration).toBe(1);
    expect(one(times("5999")).duration).toBe(4);
    expect(one(times("0"))).not.toHaveProperty("duration");
  });
});

describe("endpoints:", () => {
  test.each([
    [{ "peer.service": "db", "server.address": "10.0.0.1" }, { serviceName: "db" }],
    [{ "server.address": "pay.example" }, { serviceName: "pay.example" }],
    [{ "network.peer.address": "10.1.2.3" }, { ipv4: "10.1.2.3" }],
    [{ "network.peer.address": "2001:db8::1" }, { ipv6: "2001:db8::1" }],
    [{ "server.address": "a:b" }, { serviceName: "a:b" }],
    [{ "server.address": "999.1.1.1" }, { serviceName: "999.1.1.1" }],
    [
      { "peer.service": "pay", "network.peer.address": "10.1.2.3", "server.port": "443" },
      { serviceName: "pay", ipv4: "10.1.2.3", port: 443 },
    ],
    [{ "db.name": "orders", "server.port": "5432" }, { serviceName: "orders" }],
    [{ "peer.service": "pay", "server.port": "0" }, { serviceName: "pay" }],
    [
      { "db.system.name": "postgresql", "db.namespace": "shop", "server.address": "database" },
      { serviceName: "postgresql/shop" },
    ],
    [
      { "db.system": "redis", "net.peer.name": "10.0.0.7", "net.peer.port": "6379" },
      { serviceName: "redis/10.0.0.7", ipv4: "10.0.0.7", port: 6379 },
    ],
    [{ "db.system": "sqlite", "peer.service": "" }, { serviceName: "sqlite" }],
    [{}, undefined],
  ])("a client whose attributes are %j calls %j", (attributes, remote) => {
    expect(one({ kind: 3, attributes: texts(attributes) }).remoteEndpoint).toEqual(remote);
  });

  test("a producer's peer is what it sends to, whatever host that is at", () => {
    const attributes = texts({
      "server.address": "broker",
      "messaging.destination.name": "orders",
    });
    expect(one({ kind: 4, attributes }).remoteEndpoint).toEqual({ serviceName: "orders" });
    expect(one({ kind: 3, attributes }).remoteEndpoint).toEqual({ serviceName: "broker" });
  });

  test("a server's peer is its caller, not itself", () => {
    const attributes = texts({ "server.address": "me", "client.address": "10.0.0.9" });
    expect(one({ kind: 2, attributes }).remoteEndpoint).toEqual({ ipv4: "10.0.0.9" });
  });

  test("a span inside a service has none", () => {
    const span = one({ kind: 1, attributes: texts({ "peer.service": "x" }) });
    expect(span).not.toHaveProperty("remoteEndpoint");
    expect(span).not.toHaveProperty("kind");
  });
});

test("an event with attributes tells them in its annotation", () => {
  const events = [
    { timeUnixNano: "7000", name: "miss" },
    { timeUnixNano: "8000", name: "hit", attributes: texts({ key: 'a"b' }) },
  ];
  expect(one({ events }).annotations).toEqual([
    { timestamp: 7, value: "miss" },
    { timestamp: 8, value: '"hit": {"key":"a\\"b"}' },
  ]);
});

test("links are tags", () => {
  const link = { traceId: ids.traceId, spanId: "00000000000000aa", attributes: texts({ a: "b" }) };
  expect(one({ links: [link] }).tags).toEqual({
    "otlp.link.0": `${ids.traceId}|00000000000000aa||{"a":"b"}|0`,
  });
});

test("a 64-bit trace id has 16 digits", () => {
  expect(one({ traceId: "0000000000000000000000000000ca27" }).traceId).toBe("000000000000ca27");
});

test("the server half of a call that shares its id with the client half says so", () => {
  const spans = [
    { ...ids, kind: 3 },
    { ...ids, kind: 2 },
    { ...ids, spanId: "00000000000000aa", kind: 2 },
  ];
  const found = spansOf({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
  expect(found.map(({ shared }) => shared)).toEqual([undefined, true, undefined]);
});

test("each trace is a list of its own, and an empty batch is none", () => {
  const spans = [ids, { ...ids, traceId: "aa".repeat(16) }, { ...ids, spanId: "bb".repeat(8) }];
  const traces = tracesOf({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
  expect(traces.map((trace) => trace.map(({ id }) => id))).toEqual([
    [ids.spanId, "bb".repeat(8)],
    [ids.spanId],
  ]);
  expect(tracesOf({ resourceSpans: [] })).toEqual([]);
});
