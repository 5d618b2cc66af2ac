// Traces counted span by span, as plainly as it can be said.

import { rowsByTrace } from "@clew/codec";
import { isZero, type SpanBatch, StatusCode, toHex } from "@clew/model";
import type { TraceCounts } from "@clew/storage";

/** The counts of the traces of `batch`, in order of first appearance. */
export function countTraces(batch: SpanBatch): TraceCounts[] {
  return [...rowsByTrace(batch)].map(([traceId, rows]) => countTrace(batch, traceId, rows));
}

function countTrace(batch: SpanBatch, traceId: string, rows: readonly number[]): TraceCounts {
  const services: Record<string, { spans: number; errors: number }> = {};
  const idAt = (column: Uint8Array, row: number): string => toHex(column, row * 8, 8);
  const ids = new Set(rows.map((row) => idAt(batch.spanIds, row)));
  const roots = rows.filter((row) => isZero(batch.parentIds, row * 8, 8));
  const starts = rows.map((row) => batch.startNano(row)).toSorted(ascending);
  const ends = rows.map((row) => batch.endNano(row)).toSorted(ascending);
  const errors = rows.filter((row) => batch.status[row] === StatusCode.Error);
  for (const row of rows) {
    const counts = (services[serviceOf(batch, row)] ??= { spans: 0, errors: 0 });
    counts.spans++;
    if (errors.includes(row)) counts.errors++;
  }
  const [root] = roots;
  const [start = 0n] = starts;
  return {
    traceId,
    startUnixNano: String(start),
    durationNano: String((ends.at(-1) ?? 0n) - start),
    ...(root === undefined
      ? {}
      : {
          rootService: serviceOf(batch, root),
          rootName: batch.strings.text(batch.name[root] as number),
        }),
    spanCount: rows.length,
    errorCount: errors.length,
    services,
    orphanCount: rows.filter((row) => !roots.includes(row) && !ids.has(idAt(batch.parentIds, row)))
      .length,
  };
}

function ascending(a: bigint, b: bigint): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function serviceOf({ resource, resources, strings }: SpanBatch, row: number): string {
  return strings.text(resources.serviceName[resource[row] as number] as number);
}
