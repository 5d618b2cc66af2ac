// Registers tracer, context manager and propagator where every copy of @opentelemetry/api looks for them,
// without loading the package: that would cost more time at the start than all the rest. The place,
// `globalThis[Symbol.for("opentelemetry.js.api.1")]`, is what all 1.x versions agree on.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import type { ContextManager, TextMapPropagator, TracerProvider } from "@opentelemetry/api";
import { complain } from "./complaints.ts";
import { contextManager } from "./trace/context.ts";

const KEY = Symbol.for("opentelemetry.js.api.1");
/** The API version that this package is tested with. */
const KNOWN_VERSION = "1.10.0";

interface GlobalApi {
  readonly version: string;
  trace?: TracerProvider;
  context?: ContextManager;
  propagation?: TextMapPropagator;
}

/** Version of the API that the application loads: registrations of another one would clash with ours. */
function applicationVersion(): string {
  try {
    const from = createRequire(join(process.argv[1] ?? process.cwd(), "x"));
    for (const folder of from.resolve.paths("@opentelemetry/api") ?? []) {
      try {
        const text = readFileSync(join(folder, "@opentelemetry/api/package.json"), "utf8");
        const { version } = JSON.parse(text) as { version?: unknown };
        if (typeof version === "string" && /^1\.\d+\.\d+$/.test(version)) return version;
      } catch {
        // Not in this folder.
      }
    }
  } catch {
    // No program, as in a REPL.
  }
  return KNOWN_VERSION;
}

/** Registers; returns what takes it back. Leaves another SDK's registration alone. */
export function registerGlobals(trace: TracerProvider, propagation: TextMapPropagator): () => void {
  const place = globalThis as { [KEY]?: GlobalApi };
  place[KEY] ??= Object.defineProperty({} as GlobalApi, "version", {
    value: applicationVersion(),
    enumerable: true,
  });
  const api = place[KEY];
  const mine: Partial<GlobalApi> = { trace, propagation, context: contextManager };
  if (api.trace !== undefined || api.context !== undefined) {
    complain("another OpenTelemetry SDK was there first; @opentelemetry/api speaks to that one");
    return () => {};
  }
  Object.assign(api, mine);
  return () => {
    if (api.trace === trace) delete api.trace;
    if (api.context === contextManager) delete api.context;
    if (api.propagation === propagation) delete api.propagation;
  };
}
