// An export request, new or from the log, decoded into the columns of a segment and processed there.

import {
  type DecodeResult,
  decodeLogs,
  decodeLogsJson,
  decodeTraces,
  decodeTracesJson,
} from "@clew/codec";
import type { LogBatch, SpanBatch } from "@clew/model";
import type { WalRequest } from "@clew/storage";
import { setAdjustedCounts } from "../processors/adjusted-count.ts";

/** The columns that a segment fills. */
export interface SegmentColumns {
  readonly spans: SpanBatch;
  readonly logs: LogBatch;
}

/** Appends the request's records. Throws ClewError `malformed_payload`, leaving the columns as they were. */
export function decodeRequest(request: WalRequest, { spans, logs }: SegmentColumns): DecodeResult {
  if (request.signal === "logs") {
    logs.beginRequest(request.tenant, request.receivedSeconds);
    const decode = request.encoding === "json" ? decodeLogsJson : decodeLogs;
    return decode(request.body, logs);
  }
  const before = spans.length;
  spans.beginRequest(request.tenant, request.receivedSeconds);
  const decode = request.encoding === "json" ? decodeTracesJson : decodeTraces;
  const result = decode(request.body, spans);
  setAdjustedCounts(spans, before);
  return result;
}
