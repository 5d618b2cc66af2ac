// A sealed batch: one OTLP request, in two halves that are requests of their own, since protobuf messages
// can be concatenated. The half of errors and first spans is the last to be dropped.

/** Spans on their way, encoded as ExportTraceServiceRequest. */
export interface Batch {
  /** Errors and the first spans of a trace in this process. */
  readonly important: Buffer | undefined;
  readonly importantSpans: number;
  ordinary: Buffer | undefined;
  ordinarySpans: number;
  /** Drops that this batch tells the backend about, within either half. */
  readonly reportedDrops: number;
}

/** Bytes of a batch. */
export function batchBytes(batch: Batch): number {
  return (batch.important?.length ?? 0) + (batch.ordinary?.length ?? 0);
}

/** Number of spans in a batch. */
export function batchSpans(batch: Batch): number {
  return batch.importantSpans + batch.ordinarySpans;
}

/** The request as one piece. */
export function batchBody(batch: Batch): Buffer {
  const { important, ordinary } = batch;
  if (important === undefined) return ordinary ?? Buffer.alloc(0);
  return ordinary === undefined ? important : Buffer.concat([important, ordinary]);
}
