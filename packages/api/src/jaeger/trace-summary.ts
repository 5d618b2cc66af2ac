// A trace in a few numbers, as Jaeger's lists of results show it.

import type { TraceCounts, TraceReader } from "@clew/storage";
import { newestPages, type TracesQuery } from "../traces/whole-traces.ts";

export interface ServiceCounts {
  readonly name: string;
  readonly spanCount: number;
  readonly errorSpanCount: number;
}

export interface JaegerTraceSummary {
  /** 32 hex digits. */
  readonly traceId: string;
  /** Empty while the root span has not arrived. */
  readonly rootServiceName: string;
  readonly rootOperationName: string;
  readonly startNano: bigint;
  readonly endNano: bigint;
  readonly spanCount: number;
  readonly errorSpanCount: number;
  /** Spans whose parent is not there. */
  readonly orphanSpanCount: number;
  /** By name. */
  readonly services: readonly ServiceCounts[];
}

/** The newest matching traces. */
export async function findSummaries(
  reader: TraceReader,
  query: TracesQuery,
  signal: AbortSignal,
): Promise<JaegerTraceSummary[]> {
  const found = await newestPages(query, (page) => reader.searchCounts(page, signal));
  return found.map(summaryOf);
}

function summaryOf(counts: TraceCounts): JaegerTraceSummary {
  const startNano = BigInt(counts.startUnixNano);
  return {
    traceId: counts.traceId,
    rootServiceName: counts.rootService ?? "",
    rootOperationName: counts.rootName ?? "",
    startNano,
    endNano: startNano + BigInt(counts.durationNano),
    spanCount: counts.spanCount,
    errorSpanCount: counts.errorCount,
    orphanSpanCount: counts.orphanCount,
    services: Object.entries(counts.services)
      .map(([name, { spans, errors }]) => ({ name, spanCount: spans, errorSpanCount: errors }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  };
}
