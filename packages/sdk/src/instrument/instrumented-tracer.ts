// The running tracer as instrumentations of its own see it.

import type { TracerProvider } from "@opentelemetry/api";
import type { Settings } from "../config/settings.ts";
import type { Propagation } from "../propagation/propagator.ts";
import type { Tracing } from "./instrumentation.ts";

/** What instrumentations are started with. */
export interface InstrumentedTracer extends Tracing, TracerProvider {
  readonly settings: Settings;
  readonly propagation: Propagation;
}
