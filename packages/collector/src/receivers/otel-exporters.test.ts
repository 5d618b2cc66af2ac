// The official OpenTelemetry JavaScript exporters, each through the receiver it is made for.

import { ClewError } from "@clew/base";
import { OTLPTraceExporter as GrpcExporter } from "@opentelemetry/exporter-trace-otlp-grpc";
import { OTLPTraceExporter as JsonExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtoExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { SimpleSpanProcessor, type SpanExporter, TracerProvider } from "@opentelemetry/sdk-trace";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { InMemorySink } from "./in-memory-sink.ts";
import { type Receivers, startReceivers } from "./receivers.ts";

let running: Receivers;
let sink: InMemorySink;

beforeEach(async () => {
  sink = new InMemorySink();
  running = await startReceivers({ host: "127.0.0.1", httpPort: -1, grpcPort: -1 }, sink);
});
afterEach(() => running.stop(0));

async function exportSpan(exporter: SpanExporter): Promise<void> {
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  provider.getTracer("receiver-test").startSpan("checkout of the cart").end();
  await provider.forceFlush();
  await provider.shutdown();
}

const url = (): string => `http://127.0.0.1:${running.httpPort}/v1/traces`;

describe("a span of the OpenTelemetry SDK arrives", () => {
  const cases: [string, () => SpanExporter, "json" | "protobuf"][] = [
    ["http/json", () => new JsonExporter({ url: url() }), "json"],
    ["http/protobuf", () => new ProtoExporter({ url: url() }), "protobuf"],
    ["grpc", () => new GrpcExporter({ url: `http://127.0.0.1:${running.grpcPort}` }), "protobuf"],
  ];
  for (const [protocol, create, encoding] of cases) {
    test(`over ${protocol}, compressed or not`, async () => {
      await exportSpan(create());
      process.env["OTEL_EXPORTER_OTLP_COMPRESSION"] = "gzip";
      try {
        await exportSpan(create());
      } finally {
        delete process.env["OTEL_EXPORTER_OTLP_COMPRESSION"];
      }
      expect(sink.requests.map((request) => [request.signal, request.encoding])).toEqual([
        ["traces", encoding],
        ["traces", encoding],
      ]);
      for (const text of sink.texts) expect(text).toContain("checkout of the cart");
    });
  }

  test("when the collector was overloaded at first, over http", async () => {
    const accept = sink.respond;
    sink.respond = () => {
      sink.respond = accept;
      return Promise.reject(new ClewError("overloaded", "queue is full", { retryAfterMs: 1 }));
    };
    await exportSpan(new ProtoExporter({ url: url() }));
    expect(sink.requests).toHaveLength(2);
    expect(running.stats.requests).toEqual({ "traces/http/429": 1, "traces/http/200": 1 });
  });
});
