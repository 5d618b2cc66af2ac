// A trace in a few numbers, as Jaeger's lists of results show it: counted from its spans, so that the
// numbers by service and of spans without their parent are exact.

import { rowsByTrace } from "@clew/codec";
import { isZero, type SpanBatch, StatusCode, toHex } from "@clew/model";

export interface ServiceCounts {
  readonly name: string;
  spanCount: number;
  errorSpanCount: number;
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

/** The summaries of the traces of `batch`, in order of first appearance. */
export function traceSummaries(batch: SpanBatch): JaegerTraceSummary[] {
  return [...rowsByTrace(batch)].map(([traceId, rows]) => traceSummary(batch, traceId, rows));
}

function traceSummary(
  batch: SpanBatch,
  traceId: string,
  rows: readonly number[],
): JaegerTraceSummary {
  const services = new Map<string, ServiceCounts>();
  const ids = new Set(rows.map((row) => toHex(batch.spanIds, row * 8, 8)));
  const [first = 0] = rows;
  let root: number | undefined;
  let errors = 0;
  let orphans = 0;
  let startNano = batch.startNano(first);
  let endNano = batch.endNano(first);
  for (const row of rows) {
    const start = batch.startNano(row);
    const end = batch.endNano(row);
    if (start < startNano) startNano = start;
    if (end > endNano) endNano = end;
    const isRoot = isZero(batch.parentIds, row * 8, 8);
    if (isRoot) root ??= row;
    else if (!ids.has(toHex(batch.parentIds, row * 8, 8))) orphans++;
    const isError = batch.status[row] === StatusCode.Error;
    if (isError) errors++;
    const name = serviceOf(batch, row);
    const counts = services.get(name) ?? { name, spanCount: 0, errorSpanCount: 0 };
    counts.spanCount++;
    if (isError) counts.errorSpanCount++;
    services.set(name, counts);
  }
  return {
    traceId,
    rootServiceName: root === undefined ? "" : serviceOf(batch, root),
    rootOperationName: root === undefined ? "" : batch.strings.text(batch.name[root] as number),
    startNano,
    endNano,
    spanCount: rows.length,
    errorSpanCount: errors,
    orphanSpanCount: orphans,
    services: [...services.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function serviceOf(batch: SpanBatch, row: number): string {
  const { resources, strings } = batch;
  const id = resources.serviceName[batch.resource[row] as number] as number;
  return strings.text(id) || "unknown_service";
}
