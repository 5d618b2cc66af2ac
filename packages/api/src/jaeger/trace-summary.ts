// A trace in a few numbers, as Jaeger's lists of results show it: counted from its spans, so that the
// numbers by service and of spans without their parent are exact.

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

/** The summary of a batch that holds one trace. */
export function traceSummary(batch: SpanBatch): JaegerTraceSummary {
  const services = new Map<string, ServiceCounts>();
  const ids = new Set<string>();
  for (let row = 0; row < batch.length; row++) ids.add(toHex(batch.spanIds, row * 8, 8));
  let root = -1;
  let errors = 0;
  let orphans = 0;
  let startNano = batch.startNano(0);
  let endNano = batch.endNano(0);
  for (let row = 0; row < batch.length; row++) {
    const start = batch.startNano(row);
    const end = batch.endNano(row);
    if (start < startNano) startNano = start;
    if (end > endNano) endNano = end;
    const isRoot = isZero(batch.parentIds, row * 8, 8);
    if (isRoot && root < 0) root = row;
    if (!isRoot && !ids.has(toHex(batch.parentIds, row * 8, 8))) orphans++;
    const isError = batch.status[row] === StatusCode.Error;
    if (isError) errors++;
    const name = serviceOf(batch, row);
    const counts = services.get(name) ?? { name, spanCount: 0, errorSpanCount: 0 };
    counts.spanCount++;
    if (isError) counts.errorSpanCount++;
    services.set(name, counts);
  }
  return {
    traceId: toHex(batch.traceIds, 0, 16),
    rootServiceName: root < 0 ? "" : serviceOf(batch, root),
    rootOperationName: root < 0 ? "" : batch.strings.text(batch.name[root] as number),
    startNano,
    endNano,
    spanCount: batch.length,
    errorSpanCount: errors,
    orphanSpanCount: orphans,
    services: [...services.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
  };
}

function serviceOf(batch: SpanBatch, row: number): string {
  const { resources, strings } = batch;
  return strings.text(resources.serviceName[batch.resource[row] as number] as number);
}
