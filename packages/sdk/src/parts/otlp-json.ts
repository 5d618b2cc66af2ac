// Part: OTLP in JSON, made from the protobuf that spans are written in.

import { decodeTraces, encodeTracesJson } from "@clew/codec";
import { SpanBatch } from "@clew/model";

/** An ExportTraceServiceRequest in protobuf as the same in JSON. */
export function toJson(body: Buffer): Buffer {
  const batch = new SpanBatch();
  decodeTraces(body, batch);
  return Buffer.from([...encodeTracesJson(batch)].join(""));
}
