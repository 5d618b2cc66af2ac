// ExportLogsServiceRequest in OTLP's JSON, byte by byte into the columns of a LogBatch.

import { type LogBatch, ValueType } from "@clew/model";
import { FieldNames } from "../json/field-names.ts";
import { JsonEnvelopeReader } from "./json-envelope-reader.ts";
import type { DecodeLimits, DecodeResult } from "./limits.ts";
import { checkLogTimes } from "./log-rules.ts";

const LOG = new FieldNames([
  "timeUnixNano",
  "observedTimeUnixNano",
  "severityNumber",
  "severityText",
  "body",
  "attributes",
  "droppedAttributesCount",
  "flags",
  "traceId",
  "spanId",
  "eventName",
]);

class JsonLogReader extends JsonEnvelopeReader<LogBatch> {
  constructor() {
    super({
      record: "log record",
      resourceLevel: "resourceLogs",
      scopeLevel: "scopeLogs",
      records: "logRecords",
    });
  }

  protected override commitRecord(): void {
    this.batch.commitRecord(0, 0);
  }

  protected override readRecord(): void {
    const { reader, values, batch } = this;
    const row = batch.beginRecord();
    reader.openObject("log record");
    while (reader.nextField("log record")) {
      this.#field(row, LOG.match(reader.text, reader.textFrom, reader.textTo));
    }
    if (batch.bodies.length === row) batch.bodies.push(0, ValueType.Empty, 0, 0);
    checkLogTimes(values, batch, row);
  }

  #field(row: number, field: number): void {
    const { reader, values, batch } = this;
    switch (field) {
      case 0:
        reader.uint64("log.timeUnixNano");
        batch.time[row * 2] = reader.low;
        batch.time[row * 2 + 1] = reader.high;
        break;
      case 1:
        reader.uint64("log.observedTimeUnixNano");
        batch.observedTime[row * 2] = reader.low;
        batch.observedTime[row * 2 + 1] = reader.high;
        break;
      case 2: {
        const severity = reader.enumNumber("log.severityNumber");
        batch.severityNumber[row] = severity >= 0 && severity <= 24 ? severity : 0;
        break;
      }
      case 3:
        batch.severityText[row] = values.text("log.severityText");
        break;
      case 4:
        batch.bodies.truncate(row); // a repeated body replaces the first
        values.bareValue(batch.bodies);
        break;
      case 5:
        values.attributes(batch.attributes, "log.attributes");
        break;
      case 6:
        batch.droppedAttributes[row] = reader.uint32("log.droppedAttributesCount");
        break;
      case 7:
        batch.flags[row] = reader.uint32("log.flags");
        break;
      case 8:
        this.#id(batch.traceIds, row, 16, "trace_id");
        break;
      case 9:
        this.#id(batch.spanIds, row, 8, "span_id");
        break;
      case 10:
        batch.eventName[row] = values.text("log.eventName");
        break;
      default:
        reader.skip("log record");
    }
  }

  #id(column: Uint8Array, row: number, size: number, name: string): void {
    const length = this.values.hexId(column, row, size, name);
    if (length !== 0 && length !== size) {
      this.values.reject(`${name} must be ${size} bytes or absent, got ${length}`);
    }
  }
}

const logReader = new JsonLogReader();

/**
 * Appends the records of an ExportLogsServiceRequest in OTLP JSON to `batch`. Records that break a
 * rule are left out and counted. Throws ClewError `malformed_payload`, with the batch as it was
 * before, when the bytes are not such JSON.
 */
export function decodeLogsJson(
  body: Uint8Array,
  batch: LogBatch,
  limits?: DecodeLimits,
): DecodeResult {
  return logReader.decode(body, batch, limits);
}
