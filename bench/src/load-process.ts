// The load generator in a process of its own, with one generator thread, as `clew load` runs it.

import type { LoadReport } from "@clew/cli/load";
import { CLI, type JsonProgram, startJsonProgram } from "./child.ts";
import type { ServerProcess } from "./server-process.ts";

/** One load. Every run of a benchmark needs its own seed: the same seed makes the same trace ids. */
export interface Load {
  readonly transport: "grpc" | "http";
  readonly seed: number;
  /** Spans a second; as fast as possible unless given. */
  readonly rate?: number;
  readonly seconds?: number;
  readonly spans?: number;
  /** Small senders of 5 spans every 100 ms instead of requests of 512. */
  readonly senders?: number;
  /** Spread the spans over the past hours instead of sending live ones. */
  readonly pastHours?: number;
  /** File for the acknowledged requests. */
  readonly ackedFile?: string;
}

// Enough requests in flight that the group commit's pace is not the limit.
const CONCURRENCY = 24;

function argumentsOf(load: Load, endpoint: string): string[] {
  const { transport, seed, rate, seconds, spans, senders, pastHours, ackedFile } = load;
  const always = "load --json --quiet --worker 1 --give-up-after 5m --timeout 15s";
  return [
    ...`${always} --transport ${transport} --endpoint ${endpoint} --seed ${seed}`.split(" "),
    ...(senders === undefined
      ? ["--batch", "512", "--concurrency", String(CONCURRENCY)]
      : ["--senders", String(senders), "--per-request", "5", "--interval", "100ms"]),
    ...(rate === undefined ? [] : ["--rate", String(rate)]),
    ...(seconds === undefined ? [] : ["--duration", `${seconds}s`]),
    ...(spans === undefined ? [] : ["--spans", String(spans)]),
    ...(pastHours === undefined
      ? []
      : ["--start-time", `-${pastHours}h`, "--time-span", `${pastHours}h`]),
    ...(ackedFile === undefined ? [] : ["--report-acked", ackedFile]),
  ];
}

/** Starts a load against a server. */
export function startLoad(server: ServerProcess, load: Load): JsonProgram<LoadReport> {
  return startJsonProgram<LoadReport>(CLI, argumentsOf(load, server.endpoint(load.transport)));
}

/** Runs a load to its end. */
export function runLoad(server: ServerProcess, load: Load): Promise<LoadReport> {
  return startLoad(server, load).result;
}

/** What went wrong in a load, in a few words; undefined when nothing did. */
export function troubleOf(report: LoadReport): string | undefined {
  const parts: string[] = [];
  if (report.retries > 0) parts.push(`${report.retries} retries`);
  if (report.failedRequests > 0) parts.push(`${report.failedRequests} requests given up`);
  if (report.rejectedSpans > 0) parts.push(`${report.rejectedSpans} spans rejected`);
  if (report.unansweredRequests > 0) parts.push(`${report.unansweredRequests} unanswered`);
  if (report.lastError !== undefined) parts.push(report.lastError);
  return parts.length === 0 ? undefined : parts.join(", ");
}
