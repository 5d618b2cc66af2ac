// The rules that a span must keep to be taken, whatever encoding it came in.

import { isZero, type SpanBatch } from "@clew/model";

/**
 * Rejects the span in `row` when an id is missing, of a wrong length or all zero, or when its start
 * is not below 2^63 ns. The lengths are those the sender gave, in bytes.
 */
export function checkSpan(
  rejections: { reject(reason: string): void },
  batch: SpanBatch,
  row: number,
  traceIdLength: number,
  spanIdLength: number,
): void {
  if (traceIdLength !== 16) rejections.reject(`trace_id must be 16 bytes, got ${traceIdLength}`);
  else if (batch.traceIds[row * 16] === 0 && isZero(batch.traceIds, row * 16, 16)) {
    rejections.reject("trace_id is all zero");
  }
  if (spanIdLength !== 8) rejections.reject(`span_id must be 8 bytes, got ${spanIdLength}`);
  else if (batch.spanIds[row * 8] === 0 && isZero(batch.spanIds, row * 8, 8)) {
    rejections.reject("span_id is all zero");
  }
  if ((batch.start[row * 2 + 1] as number) >= 0x80000000) {
    rejections.reject("start_time_unix_nano must be below 2^63");
  }
}
