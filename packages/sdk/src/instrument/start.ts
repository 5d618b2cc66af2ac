// Starts the instrumentations: those on Node's own channels, those of the table, and those that the program
// brings along.

import type { Settings } from "../config/settings.ts";
import { loadPart } from "../load-part.ts";
import { takeUpContext } from "../messaging/process-context.ts";
import { traceHttpClients } from "./http-client.ts";
import { traceHttpServers } from "./http-server.ts";
import type { AnyInstrumentation, Instrumentation } from "./instrumentation.ts";
import type { InstrumentedTracer } from "./instrumented-tracer.ts";
import { hookModules } from "./module-hooks.ts";
import { hideParameters } from "./redact.ts";
import { traceUndici } from "./undici.ts";

const BY_CHANNEL: Readonly<Record<string, (tracing: InstrumentedTracer) => () => void>> = {
  http: (tracing) => {
    const stops = [traceHttpServers(tracing), traceHttpClients(tracing)];
    return () => {
      for (const stop of stops) stop();
    };
  },
  undici: traceUndici,
  "child-process": takeUpContext,
};

/** A test whether the settings let an instrumentation run. */
export function enabledTest(settings: Settings): (name: string) => boolean {
  const { disabledInstrumentations: off, enabledInstrumentations: only } = settings;
  if (off.includes("*")) return () => false;
  return (name) => !off.includes(name) && (only.length === 0 || only.includes(name));
}

/** Starts all that are not disabled; returns what stops them. */
export function startInstrumentations(
  tracing: InstrumentedTracer,
  further: readonly AnyInstrumentation[],
): () => void {
  const enabled = enabledTest(tracing.settings);
  hideParameters(tracing.settings.http.secretParameters);
  const stops: (() => void)[] = [];
  for (const [name, begin] of Object.entries(BY_CHANNEL)) {
    if (enabled(name)) stops.push(begin(tracing));
  }
  if (tracing.settings.logs.console && enabled("console")) {
    const { nameConsoleLines } = loadPart("console") as { nameConsoleLines(): () => void };
    stops.push(nameConsoleLines());
  }
  const own: Instrumentation[] = [];
  for (const each of further) {
    if ("instrumentationName" in each) {
      each.setTracerProvider(tracing);
      each.enable();
      stops.push(() => each.disable());
    } else if (enabled(each.name)) own.push(each);
  }
  stops.push(hookModules(tracing, enabled, own));
  return () => {
    for (const stop of stops) stop();
  };
}
