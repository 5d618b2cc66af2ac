// What Clew itself knows: whether it answers, and which clocks of hosts disagree beyond what a network explains.

import { clocksDisagree } from "@clew/analysis";
import { ClewError } from "@clew/base";
import type { TraceHealth } from "@clew/model";
import type { ClewClient } from "../query/clew-client.ts";
import { type Finding, note, ok, problem, type Section } from "./finding.ts";

const MOST_CLOCKS = 5;

function clockFindings({ clocks }: TraceHealth): Finding[] {
  return clocks
    .filter(clocksDisagree)
    .slice(0, MOST_CLOCKS)
    .map(({ callerHost, calleeHost, leastNano, certainCalls }) =>
      problem(
        "clocks_disagree",
        `the clocks of ${callerHost} and ${calleeHost} differ by at least ${(leastNano / 1e6).toFixed(1)} ms (${certainCalls} ${certainCalls === 1 ? "call" : "calls"})`,
        "set up NTP on both",
      ),
    );
}

function propagationFindings({ propagation }: TraceHealth): Finding[] {
  return propagation
    .filter(({ brokenCalls }) => brokenCalls > 0)
    .slice(0, MOST_CLOCKS)
    .map(({ caller, callee, brokenCalls, calls }) =>
      note(
        "broken_propagation",
        `${brokenCalls} of ${calls} calls from ${caller} to ${callee} lost their context`,
        "see the page Trace health",
      ),
    );
}

/** Findings about the server at `server`; `needed` makes its absence a problem. */
export async function checkBackend(
  client: ClewClient,
  server: string,
  needed: boolean,
): Promise<Section> {
  const title = `Clew at ${server}`;
  try {
    const health = await client.traceHealth();
    const findings = [...clockFindings(health), ...propagationFindings(health)];
    return { title, findings: [ok("backend", "it answers questions"), ...findings] };
  } catch (error) {
    if (!(error instanceof ClewError)) throw error;
    const tell = needed ? problem : note;
    return { title, findings: [tell("backend_down", error.message, error.hint)] };
  }
}
