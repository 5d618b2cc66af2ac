// Spans of senders as people run them, unmodified: what went in comes out, within a second.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { SpanKind, SpanStatusCode, TraceFlags } from "@opentelemetry/api";
import { OTLPTraceExporter as GrpcExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtoExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { SimpleSpanProcessor, type SpanExporter, TracerProvider } from "@opentelemetry/sdk-trace";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { post, requestOf, spanOf } from "./otlp-json.ts";
import { ask, type StoredSpan, traceOf } from "./query-client.ts";
import { ServerProcess } from "./server-process.ts";
import { skipBecause } from "./skip.ts";

const run = promisify(execFile);
const SEARCHABLE_MS = 1000;
/** Lists and rates come from rollups, which follow the spans. */
const LISTED_MS = 3000;
const linked = {
  traceId: "0af7651916cd43dd8448eb211c80319c",
  spanId: "00f067aa0ba902b7",
  traceFlags: TraceFlags.SAMPLED,
};

let server: ServerProcess;
beforeAll(async () => {
  server = await ServerProcess.start();
});
afterAll(() => server.dispose());

/** Attribute values by key, in whatever order they are stored. */
function valuesOf(attributes: StoredSpan["attributes"]): Record<string, unknown> {
  return Object.fromEntries((attributes ?? []).map(({ key, value }) => [key, value]));
}

/** Sends one span and resolves to its context and times, when the exporter has its acknowledgement. */
async function exportSpan(exporter: SpanExporter) {
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const startMs = Date.now();
  const span = provider.getTracer("e2e.js", "1.0").startSpan("render page", {
    kind: SpanKind.SERVER,
    startTime: startMs,
    links: [{ context: linked, attributes: { reason: "retry" } }],
  });
  span.setAttributes({ text: "grüße", whole: 42, half: 0.5, yes: true, list: ["a", "b"] });
  span.addEvent("cache miss", { key: "page:7" }, startMs + 1);
  span.setStatus({ code: SpanStatusCode.ERROR, message: "template not found" });
  span.end(startMs + 2);
  await provider.forceFlush();
  await provider.shutdown();
  return { ...span.spanContext(), startMs };
}

function expectThePage(span: StoredSpan | undefined, whole: string): void {
  expect(span).toMatchObject({
    name: "render page",
    kind: 2,
    status: { code: 2, message: "template not found" },
    events: [
      { name: "cache miss", attributes: [{ key: "key", value: { stringValue: "page:7" } }] },
    ],
    links: [
      {
        traceId: linked.traceId,
        spanId: linked.spanId,
        attributes: [{ key: "reason", value: { stringValue: "retry" } }],
      },
    ],
  });
  expect(valuesOf(span?.attributes)).toEqual({
    text: { stringValue: "grüße" },
    whole: { intValue: whole },
    half: { doubleValue: 0.5 },
    yes: { boolValue: true },
    list: { arrayValue: { values: [{ stringValue: "a" }, { stringValue: "b" }] } },
  });
}

describe("a span of the OpenTelemetry SDK for JavaScript comes back unchanged", () => {
  const url = (): string => `${server.otlpHttpUrl}/v1/traces`;
  const exporters: [string, () => SpanExporter][] = [
    ["http/json", () => new JsonExporter({ url: url() })],
    ["http/protobuf", () => new ProtoExporter({ url: url() })],
    ["grpc", () => new GrpcExporter({ url: server.otlpGrpcUrl })],
  ];
  for (const [protocol, create] of exporters) {
    for (const compression of ["none", "gzip"]) {
      test(`over ${protocol}, compression ${compression}, within a second`, async () => {
        process.env["OTEL_EXPORTER_OTLP_COMPRESSION"] = compression;
        const sent = await exportSpan(create());
        delete process.env["OTEL_EXPORTER_OTLP_COMPRESSION"];
        const [span] = await traceOf(server, sent.traceId, 1, SEARCHABLE_MS);
        expectThePage(span, "42");
        expect(span).toMatchObject({
          spanId: sent.spanId,
          startTimeUnixNano: `${sent.startMs}000000`,
          endTimeUnixNano: `${sent.startMs + 2}000000`,
        });
        expect(span?.scope).toMatchObject({ name: "e2e.js", version: "1.0" });
      });
    }
  }
});

describe("a span of the OpenTelemetry SDK for Python comes back unchanged", () => {
  const python = process.env["E2E_PYTHON"] ?? "python3";
  const script = fileURLToPath(new URL("../python/send_span.py", import.meta.url));
  const modules = "opentelemetry.exporter.otlp.proto.http, opentelemetry.exporter.otlp.proto.grpc";
  let missing = true;
  beforeAll(async () => {
    missing = await run(python, ["-c", `import ${modules}`]).then(
      () => false,
      () => true,
    );
  });
  for (const protocol of ["http", "grpc"]) {
    for (const compression of ["none", "gzip"]) {
      test(`over ${protocol}, compression ${compression}`, async (context) => {
        if (missing) skipBecause(context, `${python} has no opentelemetry OTLP exporters`);
        const endpoint = protocol === "http" ? server.otlpHttpUrl : server.otlpGrpcUrl;
        const { stdout } = await run(python, [script, protocol, endpoint, compression]);
        const [traceId = "", spanId] = stdout.trim().split(" ");
        const [span] = await traceOf(server, traceId, 1, SEARCHABLE_MS);
        expectThePage(span, "9007199254740993");
        expect(span?.spanId).toBe(spanId);
        expect(valuesOf(span?.resource?.attributes)["service.name"]).toEqual({
          stringValue: "python-sender",
        });
      });
    }
  }
});

test("a span sent with curl, as the README shows, is found", async (context) => {
  const span = spanOf({ name: "by hand" });
  const body = JSON.stringify(requestOf("curl-sender", [span]));
  const header = "content-type: application/json";
  const args = ["-sS", "-H", header, "-d", body, `${server.otlpHttpUrl}/v1/traces`];
  const answer = await run("curl", args).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return undefined;
    throw error;
  });
  if (answer === undefined) return skipBecause(context, "curl is not installed");
  expect(answer.stdout).toBe("{}");
  const [found] = await traceOf(server, span.traceId, 1, SEARCHABLE_MS);
  expect(found).toMatchObject({ spanId: span.spanId, name: "by hand" });
});

test("a span is in search within a second, in the list of services and in its operations within three", async () => {
  const body = JSON.stringify(requestOf("listed-service", [spanOf({ name: "GET /listed" })]));
  expect((await post(server, body)).status).toBe(200);
  const ackedMs = performance.now();
  for (;;) {
    const askedMs = performance.now() - ackedMs;
    const [search, services, operations] = await Promise.all([
      ask<{ traces: unknown[] }>(server, "/traces", { service: "listed-service" }),
      ask<{ services: { service: string }[] }>(server, "/services"),
      ask<{ operations: { operation: string }[] }>(server, "/services/listed-service/operations"),
    ]);
    const seen = [
      search.traces.length === 1,
      services.services.some(({ service }) => service === "listed-service"),
      operations.operations.some(({ operation }) => operation === "GET /listed"),
    ];
    if (seen.every(Boolean)) break;
    if (askedMs > SEARCHABLE_MS) expect(seen[0]).toBe(true);
    if (askedMs > LISTED_MS) expect(seen).toEqual([true, true, true]);
  }
});

test("a request that came twice, as a retry does, is stored once", async () => {
  const span = spanOf();
  const body = gzipSync(JSON.stringify(requestOf("retrying-service", [span])));
  const headers = { "content-encoding": "gzip" };
  expect((await post(server, body, headers)).status).toBe(200);
  expect((await post(server, body, headers)).status).toBe(200);
  await traceOf(server, span.traceId);
  // A span after them: once it is found, what came before it is stored too.
  const after = spanOf();
  await post(server, JSON.stringify(requestOf("retrying-service", [after])));
  await traceOf(server, after.traceId);
  expect(await traceOf(server, span.traceId)).toHaveLength(1);
});
