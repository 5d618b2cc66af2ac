// A sealed batch: one OTLP request, in two halves that are requests of their own, since protobuf messages
// can be concatenated. The half of errors and first spans is the last to be dropped.

import { spansIn, splitRequest } from "./split-request.ts";

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

/** Two smaller batches with the same spans; `undefined` when there is nothing to take apart. */
export function splitBatch(batch: Batch): [Batch, Batch] | undefined {
  const { important, ordinary } = batch;
  const first = { ...batch, ordinary: undefined, ordinarySpans: 0 };
  const second = { ...batch, important: undefined, importantSpans: 0, reportedDrops: 0 };
  if (important !== undefined && ordinary !== undefined) return [first, second];
  const halves = splitRequest(batchBody(batch));
  if (halves === undefined) return undefined;
  const counts = halves.map((half) => spansIn(half)) as [number, number];
  if (important === undefined) {
    return [
      { ...batch, ordinary: halves[0], ordinarySpans: counts[0] },
      { ...second, ordinary: halves[1], ordinarySpans: counts[1] },
    ];
  }
  return [
    { ...first, important: halves[0], importantSpans: counts[0] },
    { ...first, important: halves[1], importantSpans: counts[1], reportedDrops: 0 },
  ];
}
