// Context that is handed over by hand: to a worker thread (workerData, postMessage), a child process (environment), a
// message whose shape the program makes itself. The names in an environment are upper-case:
// https://opentelemetry.io/docs/specs/otel/context/env-carriers/

import { running } from "../sdk.ts";
import { activeContext, storage } from "../trace/context.ts";
import { type Carrier, isTable, mapCarrier } from "./carrier.ts";
import { variable } from "./process-context.ts";

/** The context of now as plain texts, which can be cloned, sent and stored. */
export function carry(): Record<string, string> {
  const carried: Record<string, string> = {};
  inject(mapCarrier(carried));
  return carried;
}

/** Writes the context of now to a carrier, without a span. */
export function inject(carrier: Carrier): void {
  running()?.inject(activeContext(), (name, value) => carrier.set(name, value));
}

function isCarrier(carried: object): carried is Carrier {
  return typeof (carried as Partial<Carrier>).get === "function";
}

/** Runs `work` in the context that `carried` brings: of `carry()`, or any carrier. */
export function resume<T>(carried: object | Carrier | null | undefined, work: () => T): T {
  const sdk = running();
  // It has come with a message, from anybody.
  if (sdk === undefined || !isTable(carried)) return work();
  const carrier = isCarrier(carried) ? carried : mapCarrier(carried);
  return storage.run(
    sdk.extract((name) => carrier.get(name)),
    work,
  );
}

/** `env` with the context of now: TRACEPARENT, TRACESTATE, BAGGAGE. */
export function traceEnv(
  env: Readonly<NodeJS.ProcessEnv> = globalThis.process.env,
): NodeJS.ProcessEnv {
  const carried = Object.entries(carry()).map(([name, value]) => [variable(name), value]);
  return { ...env, ...(Object.fromEntries(carried) as NodeJS.ProcessEnv) };
}
