// LogBatch to OTLP JSON, in pieces so that an answer can be streamed.

import { type LogBatch, ValueType } from "@clew/model";
import { rowValue } from "./any-value.ts";
import { anyValueText, ObjectText, resourceText, scopeText } from "./json-text-writer.ts";
import { groupRows } from "./row-groups.ts";

/**
 * All records of `batch` as OTLP JSON (LogsData), one chunk a record or so. Joined, the chunks are
 * one JSON object. Records are grouped by resource and scope in order of first appearance.
 */
export function* encodeLogsJson(batch: LogBatch): Generator<string, void, undefined> {
  const { strings, resources, scopes } = batch;
  let resourceSeparator = "";
  yield '{"resourceLogs":[';
  for (const group of groupRows(batch.resource, batch.scope, batch.length)) {
    const resource = resourceText(resources, strings, group.resource);
    yield `${resourceSeparator}{"resource":${resource},"scopeLogs":[`;
    resourceSeparator = ",";
    let scopeSeparator = "";
    for (const { scope, rows } of group.scopes) {
      yield `${scopeSeparator}{"scope":${scopeText(scopes, strings, scope)},"logRecords":[`;
      scopeSeparator = ",";
      let separator = "";
      for (const row of rows) {
        yield separator + recordText(batch, row);
        separator = ",";
      }
      yield `]${schemaUrlText(strings.text(scopes.schemaUrl[scope] as number))}}`;
    }
    yield `]${schemaUrlText(strings.text(resources.schemaUrl[group.resource] as number))}}`;
  }
  yield "]}";
}

function schemaUrlText(schemaUrl: string): string {
  return schemaUrl === "" ? "" : `,"schemaUrl":${JSON.stringify(schemaUrl)}`;
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
