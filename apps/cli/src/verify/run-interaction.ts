// Runs one interaction of a plan: sends its requests or finds its traces, waits until they are as expected or
// the time is over, and says what is not.

import { setTimeout as sleep } from "node:timers/promises";
import { checkTrace, type Finding, type TraceFacts } from "@clew/analysis";
import { formatDuration } from "@clew/base";
import type { ClewClient } from "../query/clew-client.ts";
import { fetchFacts } from "./fetch-facts.ts";
import type { Interaction } from "./plan-file.ts";
import { type SentRequest, sendRequest } from "./synthetic-request.ts";

const POLL_MS = 250;

export interface TraceResult {
  readonly traceId: string;
  readonly url: string;
  readonly facts: TraceFacts;
  readonly findings: readonly Finding[];
}

export interface InteractionResult {
  readonly name: string;
  readonly seconds: number;
  readonly traces: readonly TraceResult[];
  /** What is wrong with the interaction as a whole: requests that failed, rates, latencies. */
  readonly findings: readonly Finding[];
}

export interface Waiting {
  readonly waitMs: number;
  readonly settleMs: number;
}

export interface Surroundings {
  readonly client: ClewClient;
  readonly waiting: Waiting;
  readonly signal: AbortSignal;
  /** Exports the client's half of the requests. */
  readonly exportRoots: (sent: readonly SentRequest[]) => Promise<void>;
}

export async function runInteraction(
  interaction: Interaction,
  surroundings: Surroundings,
): Promise<InteractionResult> {
  const started = performance.now();
  const { traces, findings } = await tracesOf(interaction, surroundings);
  return {
    name: interaction.name,
    seconds: (performance.now() - started) / 1000,
    traces,
    findings: [...findings, ...overallFindings(interaction, traces)],
  };
}

async function tracesOf(
  interaction: Interaction,
  surroundings: Surroundings,
): Promise<{ traces: TraceResult[]; findings: Finding[] }> {
  if (interaction.request === undefined) return await existingTraces(interaction, surroundings);
  const sent: SentRequest[] = [];
  for (let round = 0; round < interaction.repeat; round++)
    sent.push(await sendRequest(interaction.request, surroundings.signal));
  await surroundings.exportRoots(sent);
  const findings = sent.flatMap(({ failure, traceId }): Finding[] =>
    failure === undefined ? [] : [{ kind: "error", message: failure, traceId }],
  );
  const arriving = sent.filter(({ unreached }) => !unreached);
  const traces = await Promise.all(
    arriving.map(({ traceId, spanId }) => settled(interaction, traceId, spanId, surroundings)),
  );
  return { traces, findings };
}

async function existingTraces(
  interaction: Interaction,
  surroundings: Surroundings,
): Promise<{ traces: TraceResult[]; findings: Finding[] }> {
  const { client } = surroundings;
  const found = await client.search({
    query: interaction.query ?? "{ }",
    start: `now-${interaction.since}ms`,
    end: "now",
    limit: interaction.limit,
    spansPerSpanset: 1,
    sort: "newest",
  });
  if (found.traces.length === 0) {
    const message = `no trace of the last ${formatDuration(interaction.since * 1e6)} matches ${interaction.query}`;
    return { traces: [], findings: [{ kind: "missing", message }] };
  }
  const traces = await Promise.all(
    found.traces.map(({ traceId }) => settled(interaction, traceId, undefined, surroundings)),
  );
  return { traces, findings: [] };
}

/** The trace once it has been as expected for a while, or as it is when the time is over. */
async function settled(
  interaction: Interaction,
  traceId: string,
  ownSpan: string | undefined,
  { client, waiting, signal }: Surroundings,
): Promise<TraceResult> {
  const deadline = performance.now() + (interaction.wait ?? waiting.waitMs);
  let goodSince: number | undefined;
  let spans = -1;
  for (;;) {
    const facts = await fetchFacts(client, traceId, ownSpan);
    const findings =
      facts.spans.length === 0 ? [noTrace(traceId)] : checkTrace(facts, interaction.expect);
    const now = performance.now();
    if (findings.length > 0 || facts.spans.length !== spans) goodSince = undefined;
    if (findings.length === 0) goodSince ??= now;
    spans = facts.spans.length;
    const isSettled = goodSince !== undefined && now - goodSince >= waiting.settleMs;
    if (isSettled || now >= deadline)
      return { traceId, url: client.traceUrl(traceId), facts, findings };
    await sleep(POLL_MS, undefined, { signal });
  }
}

function noTrace(traceId: string): Finding {
  return {
    kind: "missing",
    message:
      "no span of the trace arrived: is the service instrumented, does it take the traceparent header, does it sample?",
    traceId,
  };
}

function overallFindings(interaction: Interaction, traces: readonly TraceResult[]): Finding[] {
  const findings: Finding[] = [];
  const { errorRate, latency = {} } = interaction;
  const failed = traces.filter(({ facts }) => facts.spans.some(isFailedRoot));
  const rate = failed.length / Math.max(1, traces.length);
  if (errorRate !== undefined && rate > errorRate) {
    const message = `${failed.length} of ${traces.length} traces failed, at most ${errorRate * 100} % expected`;
    findings.push({ kind: "error", message });
  }
  const durations = traces.map(({ facts }) => facts.durationNano).toSorted((a, b) => a - b);
  for (const [name, share] of [
    ["p50", 0.5],
    ["p95", 0.95],
    ["p99", 0.99],
  ] as const) {
    const most = latency[name];
    const actual =
      durations[Math.min(durations.length - 1, Math.ceil(durations.length * share) - 1)];
    if (most === undefined || actual === undefined || actual <= most) continue;
    const message = `${name} of ${traces.length} traces is ${formatDuration(actual)}, at most ${formatDuration(most)} expected`;
    findings.push({ kind: "slow", message });
  }
  return findings;
}

function isFailedRoot({ parentSpanId, status }: TraceFacts["spans"][number]): boolean {
  return parentSpanId === "" && status === "error";
}
