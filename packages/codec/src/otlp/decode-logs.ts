// ExportLogsServiceRequest (opentelemetry/proto/collector/logs/v1) in protobuf, straight into the
// columns of a LogBatch.

import { type LogBatch, ValueType } from "@clew/model";
import { EnvelopeReader } from "./envelope-reader.ts";
import type { DecodeLimits, DecodeResult } from "./limits.ts";
import { checkLogTimes } from "./log-rules.ts";

// Field 4 is reserved; 1..3 and 5..12 are in use.
const LOG_FIELDS = 0x1fee;

class LogReader extends EnvelopeReader<LogBatch> {
  constructor() {
    super({ record: "log record", resourceLevel: "ResourceLogs", scopeLevel: "ScopeLogs" });
  }

  protected override commitRecord(): void {
    this.batch.commitRecord(0, 0);
  }

  protected override readRecord(end: number): void {
    const { reader, values, batch } = this;
    const row = batch.beginRecord();
    const first = batch.attributes.length;
    while (reader.pos < end) this.#field(row, reader.tag(end, "LogRecord"), end);
    if (batch.bodies.length === row) batch.bodies.push(0, ValueType.Empty, 0, 0);
    values.checkCount(batch.attributes.length - first);
    checkLogTimes(values, batch, row);
  }

  #field(row: number, tag: number, end: number): void {
    const { reader, values, batch } = this;
    switch (tag) {
      case 0x09:
        reader.fixed64Into(batch.time, row, end, "LogRecord.time_unix_nano");
        break;
      case 0x59:
        reader.fixed64Into(batch.observedTime, row, end, "LogRecord.observed_time_unix_nano");
        break;
      case 0x10: {
        const severity = reader.varint(end, "LogRecord.severity_number");
        batch.severityNumber[row] = severity > 24 ? 0 : severity;
        break;
      }
      case 0x1a:
        batch.severityText[row] = values.text(end, "LogRecord.severity_text");
        break;
      case 0x2a:
        batch.bodies.truncate(row); // a repeated body replaces the first
        values.bareValue(batch.bodies, reader.block(end, "LogRecord.body"));
        break;
      case 0x32:
        values.keyValue(batch.attributes, reader.block(end, "LogRecord.attributes"));
        break;
      case 0x38:
        batch.droppedAttributes[row] = reader.varint(end, "LogRecord");
        break;
      case 0x45:
        batch.flags[row] = reader.fixed32(end, "LogRecord.flags");
        break;
      case 0x4a:
        this.#id(batch.traceIds, row, 16, end, "trace_id");
        break;
      case 0x52:
        this.#id(batch.spanIds, row, 8, end, "span_id");
        break;
      case 0x62:
        batch.eventName[row] = values.text(end, "LogRecord.event_name");
        break;
      default:
        reader.skip(tag, end, LOG_FIELDS, "LogRecord");
    }
  }

  #id(column: Uint8Array, row: number, size: number, end: number, name: string): void {
    const reader = this.reader;
    const stop = reader.block(end, "LogRecord");
    const length = stop - reader.pos;
    const to = row * size;
    if (length === size) {
      for (let i = 0; i < size; i++) column[to + i] = reader.bytes[reader.pos + i] as number;
    } else {
      column.fill(0, to, to + size);
      if (length !== 0)
        this.values.reject(`${name} must be ${size} bytes or absent, got ${length}`);
    }
    reader.pos = stop;
  }
}

const logReader = new LogReader();

/**
 * Appends the records of a protobuf ExportLogsServiceRequest (or LogsData) to `batch`. Records that
 * break a rule are left out and counted. Throws ClewError `malformed_payload`, with the batch as it
 * was before, when the bytes are not such a message.
 */
export function decodeLogs(body: Uint8Array, batch: LogBatch, limits?: DecodeLimits): DecodeResult {
  return logReader.decode(body, batch, limits);
}
