// What the tracer leaves to do: `--import @clew/sdk/register` traces a service without a line of its code, and these are
// its logs, by OpenTelemetry's SDK for logs. OTEL_EXPORTER_OTLP_ENDPOINT says where to; OTEL_EXPORTER_OTLP_PROTOCOL is
// http/protobuf (the default) or http/json.
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { flush } from "@clew/sdk";
import { logs } from "@opentelemetry/api";
import { OTLPLogExporter as JsonLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { OTLPLogExporter as ProtobufLogExporter } from "@opentelemetry/exporter-logs-otlp-proto";
import { resourceFromAttributes } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";

const EXPORT_EVERY_MS = 1_000;
const EXPORT_TIMEOUT_MS = 5_000;
const SHUTDOWN_LIMIT_MS = 1_200;

/** A running process's telemetry. */
export interface Telemetry {
  /** Sends what is left; gives up after 1.2 s when nobody takes it. Spans then wait on the disk. */
  shutdown(): Promise<void>;
}

function resourceAttributes(): Record<string, string | number> {
  const pairs = (process.env["OTEL_RESOURCE_ATTRIBUTES"] ?? "").split(",");
  return {
    ...Object.fromEntries(pairs.map((pair) => pair.split("=", 2) as [string, string])),
    "service.name": process.env["OTEL_SERVICE_NAME"] ?? "shop",
    "host.name": hostname(),
    "process.pid": process.pid,
  };
}

/** Starts logging for the service that this process is. */
export function startTelemetry(): Telemetry {
  const json = process.env["OTEL_EXPORTER_OTLP_PROTOCOL"] === "http/json";
  const endpoint = process.env["OTEL_EXPORTER_OTLP_ENDPOINT"] ?? "http://127.0.0.1:4318";
  const url = `${endpoint.replace(/\/+$/, "")}/v1/logs`;
  const options = { url, timeoutMillis: EXPORT_TIMEOUT_MS };
  const exporter = json ? new JsonLogExporter(options) : new ProtobufLogExporter(options);
  const provider = new LoggerProvider({
    resource: resourceFromAttributes(resourceAttributes()),
    processors: [new BatchLogRecordProcessor({ exporter, scheduledDelayMillis: EXPORT_EVERY_MS })],
  });
  logs.setGlobalLoggerProvider(provider);
  return {
    async shutdown() {
      const sent = Promise.allSettled([flush(SHUTDOWN_LIMIT_MS), provider.shutdown()]);
      await Promise.race([sent, sleep(SHUTDOWN_LIMIT_MS)]);
    },
  };
}
