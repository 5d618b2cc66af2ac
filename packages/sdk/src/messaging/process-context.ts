// The context that a process is started in, by its environment: TRACEPARENT, TRACESTATE, BAGGAGE. Everything that no
// request or message brings about belongs to it. https://opentelemetry.io/docs/specs/otel/context/env-carriers/

import type { Tracing } from "../instrument/instrumentation.ts";
import { ROOT, setBaseContext } from "../trace/context.ts";

/** The name of a header's variable. */
export function variable(name: string): string {
  return name.toUpperCase().replaceAll("-", "_");
}

/** Takes up the context of the environment; returns what forgets it. */
export function takeUpContext(tracing: Tracing): () => void {
  setBaseContext(tracing.extract((name) => process.env[variable(name)]));
  return () => setBaseContext(ROOT);
}
