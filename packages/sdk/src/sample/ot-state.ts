// OpenTelemetry's member of tracestate, `ot=th:<threshold>;rv:<randomness>`
// (specification, "TraceState: Probability Sampling").

import { memberOf, withMember, withoutMember } from "../trace/trace-state.ts";
import { explicitRandomness, thresholdText, traceRandomness } from "./sampler.ts";

const RANDOMNESS = /(?:^|;)rv:([^;]*)/;

/** 52 random bits of a trace: those that the tracestate names, else those of its id. */
export function randomnessOf(traceState: string | undefined, traceId: string): number {
  const member = traceState === undefined ? undefined : memberOf(traceState, "ot");
  const named = member === undefined ? undefined : RANDOMNESS.exec(member)?.[1];
  return explicitRandomness(named) ?? traceRandomness(traceId);
}

/** The tracestate of a trace that was just sampled with `threshold`; negative ones name none. */
export function sampledState(threshold: number, before: string | undefined): string | undefined {
  const old = before === undefined ? undefined : memberOf(before, "ot");
  if (threshold === 0 && old === undefined) return before; // everything is kept: nothing to say
  const kept = (old ?? "").split(";").filter((part) => part !== "" && !part.startsWith("th:"));
  if (threshold >= 0) kept.unshift(`th:${thresholdText(threshold)}`);
  if (kept.length === 0) return withoutMember(before, "ot");
  return withMember(before, "ot", kept.join(";"));
}
