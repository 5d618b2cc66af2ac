// LogBatch to OTLP protobuf: LogsData, which has the same bytes as ExportLogsServiceRequest.

import { type LogBatch, ValueType } from "@clew/model";
import { WireWriter } from "../protobuf/wire-writer.ts";
import { groupRows } from "./row-groups.ts";
import {
  writeAttributes,
  writeId,
  writeResource,
  writeScope,
  writeText,
  writeValue,
} from "./value-writer.ts";

/** All records of `batch` as protobuf, grouped by resource and scope in order of first appearance. */
export function encodeLogs(batch: LogBatch): Uint8Array<ArrayBuffer> {
  const { strings, resources, scopes } = batch;
  const writer = new WireWriter(1024 + batch.length * 256);
  for (const group of groupRows(batch.resource, batch.scope, batch.length)) {
    const resourceLogs = writer.begin(0x0a);
    writeResource(writer, resources, strings, group.resource);
    for (const { scope, rows } of group.scopes) {
      const scopeLogs = writer.begin(0x12);
      writeScope(writer, scopes, strings, scope);
      for (const row of rows) writeRecord(writer, batch, row);
      writeText(writer, 0x1a, strings, scopes.schemaUrl[scope] as number);
      writer.end(scopeLogs);
    }
    writeText(writer, 0x1a, strings, resources.schemaUrl[group.resource] as number);
    writer.end(resourceLogs);
  }
  return writer.finish();
}

function writeRecord(writer: WireWriter, batch: LogBatch, row: number): void {
  const { strings, time, observedTime } = batch;
  const record = writer.begin(0x12);
  writer.fixed64Field(0x09, time[row * 2] as number, time[row * 2 + 1] as number);
  writer.uintField(0x10, batch.severityNumber[row] as number);
  writeText(writer, 0x1a, strings, batch.severityText[row] as number);
  if (batch.bodies.types[row] !== ValueType.Empty) {
    writeValue(writer, 0x2a, batch.bodies, strings, row);
  }
  const from = batch.attributeOffsets[row] as number;
  const to = batch.attributeOffsets[row + 1] as number;
  writeAttributes(writer, 0x32, batch.attributes, strings, from, to);
  writer.uintField(0x38, batch.droppedAttributes[row] as number);
  const flags = batch.flags[row] as number;
  if (flags !== 0) {
    writer.varint(0x45);
    writer.fixed32(flags);
  }
  writeId(writer, 0x4a, batch.traceIds, row, 16);
  writeId(writer, 0x52, batch.spanIds, row, 8);
  const observedLow = observedTime[row * 2] as number;
  writer.fixed64Field(0x59, observedLow, observedTime[row * 2 + 1] as number);
  writeText(writer, 0x62, strings, batch.eventName[row] as number);
  writer.end(record);
}
