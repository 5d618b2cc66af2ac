// LogBatch to OTLP JSON, in pieces so that an answer can be streamed.

import { type LogBatch, ValueType } from "@clew/model";
import { rowValue } from "./any-value.ts";
import { groupTexts } from "./group-texts.ts";
import { anyValueText, ObjectText } from "./json-text-writer.ts";

/**
 * All records of `batch` as OTLP JSON (LogsData), one chunk a record or so. Joined, the chunks are
 * one JSON object. Records are grouped by resource and scope in order of first appearance.
 */
export function* encodeLogsJson(batch: LogBatch): Generator<string, void, undefined> {
  yield '{"resourceLogs":[';
  yield* groupTexts(batch, {
    lists: ["scopeLogs", "logRecords"],
    recordText: (row) => recordText(batch, row),
    hasSchemaUrls: true,
  });
  yield "]}";
}

function recordText(batch: LogBatch, row: number): string {
  const { strings } = batch;
  const from = batch.attributeOffsets[row] as number;
  const to = batch.attributeOffsets[row + 1] as number;
  const text = new ObjectText()
    .time("timeUnixNano", batch.time, row)
    .time("observedTimeUnixNano", batch.observedTime, row)
    .number("severityNumber", batch.severityNumber[row])
    .text("severityText", strings.text(batch.severityText[row] as number));
  if (batch.bodies.types[row] !== ValueType.Empty) {
    text.raw("body", anyValueText(rowValue(batch.bodies, strings, row)));
  }
  return text
    .attributes(batch.attributes, strings, from, to)
    .number("droppedAttributesCount", batch.droppedAttributes[row])
    .number("flags", batch.flags[row])
    .id("traceId", batch.traceIds, row, 16)
    .id("spanId", batch.spanIds, row, 8)
    .text("eventName", strings.text(batch.eventName[row] as number))
    .finish();
}
