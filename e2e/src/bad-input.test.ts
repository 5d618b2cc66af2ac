// Input that is wrong in every way a sender or client can be: each has its own clear answer, and the next good request works.

import { gzipSync } from "node:zlib";
import { decodeTracesJson, encodeTraces } from "@clew/codec";
import { SpanBatch } from "@clew/model";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { callGrpc, GrpcCode } from "./grpc-call.ts";
import {
  nowNano,
  type OtlpSpan,
  type OtlpValue,
  post,
  requestOf,
  send,
  spanOf,
  stringAttribute,
} from "./otlp-json.ts";
import { traceOf } from "./query-client.ts";
import { ServerProcess } from "./server-process.ts";

const LIMIT_MIB = 8;
const MIB = 1024 * 1024;
const PROTOBUF = { "content-type": "application/x-protobuf" };

let server: ServerProcess;
beforeAll(async () => {
  server = await ServerProcess.start({ CLEW_MAX_REQUEST_BYTES: `${LIMIT_MIB}MiB` });
});
afterAll(() => server.dispose());
afterEach(async () => {
  const good = spanOf();
  await send(server, "good-service", [good]);
  await traceOf(server, good.traceId);
});

function jsonOf(spans: readonly OtlpSpan[]): string {
  return JSON.stringify(requestOf("bad-input", spans));
}

function protobufOf(spans: readonly OtlpSpan[]): Uint8Array<ArrayBuffer> {
  const batch = new SpanBatch();
  batch.beginRequest("default", 0);
  decodeTracesJson(new TextEncoder().encode(jsonOf(spans)), batch);
  return new Uint8Array(encodeTraces(batch));
}

function withAttribute(value: OtlpValue): string {
  return jsonOf([spanOf({ attributes: [{ key: "k", value }] })]);
}

function nested(levels: number): OtlpValue {
  let value: OtlpValue = { boolValue: true };
  for (let level = 1; level < levels; level++) value = { arrayValue: { values: [value] } };
  return value;
}

describe("a request is refused as a whole", () => {
  const good = spanOf();
  const protobuf = protobufOf([good]);
  const text = jsonOf([good]);
  const cases: [
    what: string,
    body: string | Uint8Array<ArrayBuffer>,
    headers: Record<string, string>,
    status: number,
    reason: RegExp,
  ][] = [
    ["with JSON that ends early", text.slice(0, -5), {}, 400, /JSON/],
    ["with protobuf that ends early", protobuf.slice(0, -5), PROTOBUF, 400, /byte \d+/],
    ["with JSON called protobuf", text, PROTOBUF, 400, /./],
    ["with protobuf called JSON", protobuf, {}, 400, /JSON/],
    ["with values nested 65 deep", withAttribute(nested(65)), {}, 400, /deeper than 64/],
    ["with 100,000 brackets", `{"a":${"[".repeat(100_000)}`, {}, 400, /deeper/],
    [
      "with a content type that is none of OTLP's",
      text,
      { "content-type": "text/plain" },
      415,
      /text\/plain/,
    ],
    ["with a coding that nobody knows", text, { "content-encoding": "snappy" }, 415, /snappy/],
    ["with bytes that are not gzip", text, { "content-encoding": "gzip" }, 400, /gzip/],
    ["that is too large", " ".repeat((LIMIT_MIB + 1) * MIB), {}, 413, /8388608|8 MiB/],
    [
      "that is a zip bomb",
      gzipSync(Buffer.alloc(256 * MIB)),
      { "content-encoding": "gzip" },
      413,
      /8388608|8 MiB/,
    ],
  ];
  test.each(cases)("%s", async (_what, body, headers, status, reason) => {
    const answer = await post(server, body, headers);
    expect(answer.status).toBe(status);
    expect(answer.text).toMatch(reason);
  });

  test("over gRPC with INVALID_ARGUMENT when it is malformed", async () => {
    const path = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    const answer = await callGrpc(server, path, protobuf.slice(0, -5));
    expect(answer.code).toBe(GrpcCode.InvalidArgument);
    expect(answer.details).toMatch(/byte \d+/);
    expect((await callGrpc(server, path, protobuf)).code).toBe(GrpcCode.Ok);
  });

  test("over gRPC with UNIMPLEMENTED when it is for metrics", async () => {
    const path = "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export";
    expect((await callGrpc(server, path, new Uint8Array())).code).toBe(GrpcCode.Unimplemented);
  });
});

describe("of a request with one bad span the others are stored, and the answer names the reason", () => {
  const cases: [what: string, bad: Partial<OtlpSpan>, reason: string][] = [
    ["a trace id of 8 bytes", { traceId: "0af7651916cd43dd" }, "trace_id must be 16 bytes, got 8"],
    [
      "a span id of 16 bytes",
      { spanId: "0af7651916cd43dd8448eb211c80319c" },
      "span_id must be 8 bytes, got 16",
    ],
    ["a trace id of zeros", { traceId: "0".repeat(32) }, "trace_id is all zero"],
    ["a start beyond 2^63", { startTimeUnixNano: String(2n ** 63n) }, "below 2^63"],
  ];
  test.each(cases)("%s", async (_what, bad, reason) => {
    const good = spanOf();
    const answer = await post(server, jsonOf([good, spanOf(bad)]));
    expect(answer.status).toBe(200);
    const { partialSuccess } = JSON.parse(answer.text) as {
      partialSuccess: { rejectedSpans: string; errorMessage: string };
    };
    expect(partialSuccess.rejectedSpans).toBe("1");
    expect(partialSuccess.errorMessage).toContain(reason);
    expect(await traceOf(server, good.traceId)).toHaveLength(1);
  });
});

describe("a strange span is kept as it was sent", () => {
  const century = 3_155_760_000_000_000_000n;
  const strange: [what: string, fields: Partial<OtlpSpan>][] = [
    [
      "an end before its start",
      { startTimeUnixNano: String(nowNano()), endTimeUnixNano: String(nowNano() - 5_000_000n) },
    ],
    ["times of 0", { startTimeUnixNano: "0", endTimeUnixNano: "0" }],
    [
      "times in a hundred years",
      {
        startTimeUnixNano: String(nowNano() + century),
        endTimeUnixNano: String(nowNano() + century + 1n),
      },
    ],
    ["an empty name", { name: "" }],
    [
      "10,000 attributes",
      {
        attributes: Array.from({ length: 10_000 }, (_, i) =>
          stringAttribute(`key.${i}`, `value ${i}`),
        ),
      },
    ],
    [
      "an attribute value of 1 MB",
      { attributes: [stringAttribute("large", "0123456789".repeat(100_000))] },
    ],
    ["values nested 64 deep", { attributes: [{ key: "nested", value: nested(64) }] }],
  ];
  test.each(strange)("%s", async (_what, fields) => {
    const span = spanOf(fields);
    await send(server, "strange-service", [span]);
    const [stored] = await traceOf(server, span.traceId);
    expect(stored?.spanId).toBe(span.spanId);
    expect(stored?.name ?? "").toBe(span.name);
    expect(stored?.startTimeUnixNano ?? "0").toBe(span.startTimeUnixNano);
    expect(stored?.endTimeUnixNano ?? "0").toBe(span.endTimeUnixNano);
    const byKey = (attributes: OtlpSpan["attributes"]) =>
      Object.fromEntries((attributes ?? []).map(({ key, value }) => [key, value]));
    expect(byKey(stored?.attributes)).toEqual(byKey(span.attributes));
  });

  test("bytes that are not UTF-8 become U+FFFD", async () => {
    const span = spanOf({ name: "a#b" });
    const body = protobufOf([span]);
    body[Buffer.from(body).indexOf("a#b") + 1] = 0xff;
    expect((await post(server, body, PROTOBUF)).status).toBe(200);
    expect(await traceOf(server, span.traceId)).toMatchObject([{ name: "a\ufffdb" }]);
  });
});

describe("a question that makes no sense gets a code, a message and mostly a hint", () => {
  const cases: [path: string, status: number, code: string, message: RegExp][] = [
    ["/api/v1/traces/xyz", 400, "bad_request", /trace id/],
    [`/api/v1/traces/${"9".repeat(32)}`, 404, "not_found", /9{32}/],
    ["/api/v1/traces?limit=0", 400, "bad_request", /limit/],
    ["/api/v1/traces?srevice=a", 400, "bad_request", /srevice/],
    ["/api/v1/traces?start=yesterday", 400, "bad_request", /start/],
    ["/api/v1/traces?attribute=a%3D~(", 400, "bad_request", /./],
    ["/api/v1/traces?cursor=nonsense", 400, "bad_request", /cursor/],
    ["/api/v1/nothing", 404, "not_found", /nothing/],
  ];
  test.each(cases)("%s", async (path, status, code, message) => {
    const answer = await fetch(server.url + path);
    const { error } = (await answer.json()) as { error: { code: string; message: string } };
    expect([answer.status, error.code]).toEqual([status, code]);
    expect(error.message).toMatch(message);
  });
});
