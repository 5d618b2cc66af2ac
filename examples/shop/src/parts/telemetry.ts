// The OpenTelemetry SDK of one shop process: traces and logs by OTLP/HTTP, W3C Trace Context.
// OTEL_EXPORTER_OTLP_ENDPOINT says where to; OTEL_EXPORTER_OTLP_PROTOCOL is http/protobuf (the
// default) or http/json. Spans leave once a second, so that a newcomer sees them soon.
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { context, logs, propagation, type Tracer, trace } from "@opentelemetry/api";
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPLogExporter as JsonLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { OTLPLogExporter as ProtobufLogExporter } from "@opentelemetry/exporter-logs-otlp-proto";
import { OTLPTraceExporter as JsonTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { OTLPTraceExporter as ProtobufTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import { defaultResource, resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { BatchSpanProcessor, TracerProvider } from "@opentelemetry/sdk-trace";

const EXPORT_EVERY_MS = 1_000;
const EXPORT_TIMEOUT_MS = 5_000;
const SHUTDOWN_LIMIT_MS = 1_200;

/** A running SDK. */
export interface Telemetry {
  /** Sends what is left and stops; gives up after 1.2 s when nobody takes it. */
  shutdown(): Promise<void>;
}

/** The tracer that the shop's parts and services share. */
export const tracer: Tracer = trace.getTracer("lanternfish-books", "1.0.0");

/** Starts tracing and logging for one service and registers both globally. */
export function startTelemetry(service: string, version: string): Telemetry {
  const json = process.env["OTEL_EXPORTER_OTLP_PROTOCOL"] === "http/json";
  const endpoint = process.env["OTEL_EXPORTER_OTLP_ENDPOINT"] ?? "http://127.0.0.1:4318";
  const base = endpoint.replace(/\/+$/, "");
  const traces = { url: `${base}/v1/traces`, timeoutMillis: EXPORT_TIMEOUT_MS };
  const records = { url: `${base}/v1/logs`, timeoutMillis: EXPORT_TIMEOUT_MS };
  const resource = defaultResource().merge(
    resourceFromAttributes({
      "service.name": service,
      "service.version": version,
      "service.namespace": "lanternfish-books",
      "service.instance.id": randomUUID(),
      "deployment.environment.name": "demo",
      "host.name": hostname(),
      "process.pid": process.pid,
      "process.runtime.name": "nodejs",
      "process.runtime.version": process.versions.node,
    }),
  );
  const spanExporter = json ? new JsonTraceExporter(traces) : new ProtobufTraceExporter(traces);
  const logExporter = json ? new JsonLogExporter(records) : new ProtobufLogExporter(records);
  const scheduledDelayMillis = EXPORT_EVERY_MS;
  const tracerProvider = new TracerProvider({
    resource,
    spanProcessors: [new BatchSpanProcessor({ exporter: spanExporter, scheduledDelayMillis })],
  });
  const loggerProvider = new LoggerProvider({
    resource,
    processors: [new BatchLogRecordProcessor({ exporter: logExporter, scheduledDelayMillis })],
  });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  propagation.setGlobalPropagator(new W3CTraceContextPropagator());
  trace.setGlobalTracerProvider(tracerProvider);
  logs.setGlobalLoggerProvider(loggerProvider);
  return {
    async shutdown() {
      const flushed = Promise.allSettled([tracerProvider.shutdown(), loggerProvider.shutdown()]);
      await Promise.race([flushed, sleep(SHUTDOWN_LIMIT_MS)]);
    },
  };
}
