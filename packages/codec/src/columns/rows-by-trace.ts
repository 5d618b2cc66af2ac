// The rows of a batch by the trace that they belong to.

import { type SpanBatch, toHex } from "@clew/model";

/** Rows by trace id (32 hex digits), traces in order of first appearance. */
export function rowsByTrace(batch: SpanBatch): Map<string, number[]> {
  const traces = new Map<string, number[]>();
  for (let row = 0; row < batch.length; row++) {
    const traceId = toHex(batch.traceIds, row * 16, 16);
    const rows = traces.get(traceId);
    if (rows === undefined) traces.set(traceId, [row]);
    else rows.push(row);
  }
  return traces;
}
