// Counters of the write path, shown at GET /metrics.

export interface IngestStats {
  acceptedSpans: number;
  acceptedLogs: number;
  /** Spans and log records refused for their own sake (partial success). */
  rejectedRecords: number;
  /** Requests refused because the spool was full. */
  refusedRequests: number;
  /** Requests acknowledged again without storing them twice. */
  repeatedRequests: number;
  insertedSegments: number;
  replayedSegments: number;
  damagedSegments: number;
}

export function newIngestStats(): IngestStats {
  return {
    acceptedSpans: 0,
    acceptedLogs: 0,
    rejectedRecords: 0,
    refusedRequests: 0,
    repeatedRequests: 0,
    insertedSegments: 0,
    replayedSegments: 0,
    damagedSegments: 0,
  };
}
