// A trace as Tempo answers it in protobuf: tempopb.Trace is OTLP's TracesData with the same numbers, and
// TraceByIDResponse wraps it.

import type { SpanBatch } from "@clew/model";
import { encodeTraces } from "../otlp/encode-traces.ts";
import { WireWriter } from "../protobuf/wire-writer.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Which spans of a batch are written; all when absent. */
export type SpanChoice = (row: number) => boolean;

/** tempopb.Trace. Every span has a status, because Grafana reads it unasked. */
export function encodeTempoTrace(batch: SpanBatch, chosen?: SpanChoice): Bytes {
  return encodeTraces(batch, 0, batch.length, {
    everyStatus: true,
    ...(chosen === undefined ? {} : { chosen }),
  });
}

/** tempopb.TraceByIDResponse; `partial` says why spans are missing. */
export function encodeTraceByIdResponse(
  batch: SpanBatch,
  chosen?: SpanChoice,
  partial?: string,
): Bytes {
  const trace = encodeTempoTrace(batch, chosen);
  const writer = new WireWriter(trace.length + 64);
  writer.bytesField(0x0a, trace);
  writer.end(writer.begin(0x12)); // metrics: there, and empty
  if (partial !== undefined) {
    writer.uintField(0x18, 1);
    writer.textField(0x22, partial);
  }
  return writer.finish();
}
