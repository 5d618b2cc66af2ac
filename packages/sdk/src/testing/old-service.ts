// Services as they run today, for tests of both directions: OpenTelemetry's own SDK, propagator and instrumentations in
// front of a program, in a process of its own, sending to the same sink.

import { spawn } from "node:child_process";
import { existsSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Place } from "./program.ts";

const root = dirname(dirname(dirname(dirname(dirname(fileURLToPath(import.meta.url))))));

/** What programs may import: what this repository has installed, or another folder to test other versions. */
const modules = process.env["CLEW_TEST_MODULES"] ?? join(root, "node_modules");

/** Lets programs of `place` import what is installed. */
export function linkModules(place: Place): void {
  const link = join(place.folder, "node_modules");
  if (!existsSync(link)) symlinkSync(modules, link);
}

function setup(instrumentation: string): string {
  return `
    const { trace, context, propagation } = require("@opentelemetry/api");
    const { TracerProvider, SimpleSpanProcessor } = require("@opentelemetry/sdk-trace");
    const { OTLPTraceExporter } = require("@opentelemetry/exporter-trace-otlp-proto");
    const { AsyncLocalStorageContextManager } = require("@opentelemetry/context-async-hooks");
    const { W3CTraceContextPropagator } = require("@opentelemetry/core");
    const { resourceFromAttributes } = require("@opentelemetry/resources");
    const provider = new TracerProvider({
      resource: resourceFromAttributes({ "service.name": "old" }),
      spanProcessors: [new SimpleSpanProcessor({ exporter: new OTLPTraceExporter({ url: process.env.OTEL_EXPORTER_OTLP_ENDPOINT + "/v1/traces" }) })],
    });
    trace.setGlobalTracerProvider(provider);
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator(new W3CTraceContextPropagator());
    ${
      instrumentation === ""
        ? ""
        : `const theirs = new (require(${JSON.stringify(instrumentation)}).${className(instrumentation)})();
    theirs.setTracerProvider(provider);
    theirs.enable();`
    }
    const tracer = trace.getTracer("old");
    globalThis.done = async () => { await provider.forceFlush(); };
    void tracer;`;
}

function className(instrumentation: string): string {
  const names: Readonly<Record<string, string>> = {
    "@opentelemetry/instrumentation-amqplib": "AmqplibInstrumentation",
    "@opentelemetry/instrumentation-kafkajs": "KafkaJsInstrumentation",
  };
  return names[instrumentation] ?? "";
}

/**
 * Runs `body`, the inside of an async function, behind OpenTelemetry's SDK with an instrumentation (a package, or none).
 * `trace`, `context`, `propagation` and `tracer` are there. Resolves to what it printed; fails with what it said.
 */
export async function runOldService(
  place: Place,
  instrumentation: string,
  body: string,
): Promise<string> {
  linkModules(place);
  const file = join(place.folder, "old.cjs");
  writeFileSync(file, `${setup(instrumentation)} (async () => { ${body}; await done(); })();`);
  const { NODE_OPTIONS: _, ...env } = process.env;
  const child = spawn(process.execPath, [file], {
    cwd: place.folder,
    env: { ...env, ...place.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let printed = "";
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (printed += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`the old service ended with ${String(code)}: ${said}`);
  return printed;
}
