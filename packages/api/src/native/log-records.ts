import type { LogBatch, LogRecord } from "@clew/model";
export function logRecords(_batch: LogBatch): LogRecord[] { return []; }
