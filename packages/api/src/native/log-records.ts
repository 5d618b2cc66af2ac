// Log records of a batch in the words of the native API: attribute values as OTLP JSON AnyValues
// (https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding: int64 as text, bytes as base64).

import { type AnyValue, rowValue, toBase64 } from "@clew/codec";
import { joinWords, type LogBatch, type LogRecord, toHex } from "@clew/model";

/** All records of `batch`, in its order. Raises `malformed_payload` when a stored value is damaged. */
export function logRecords(batch: LogBatch): LogRecord[] {
  return Array.from({ length: batch.length }, (_, row) => logRecord(batch, row));
}

function logRecord(batch: LogBatch, row: number): LogRecord {
  const { strings, resources } = batch;
  const text = (column: Uint32Array): string => strings.text(column[row] as number);
  const time = joinWords(batch.time, row);
  return {
    // OTLP: a source that knows no time leaves 0, and the time of observation stands for it.
    timeUnixNano: String(time === 0n ? joinWords(batch.observedTime, row) : time),
    severityNumber: batch.severityNumber[row] as number,
    severityText: text(batch.severityText),
    service: strings.text(resources.serviceName[batch.resource[row] as number] as number),
    traceId: toHex(batch.traceIds, row * 16, 16),
    spanId: toHex(batch.spanIds, row * 8, 8),
    eventName: text(batch.eventName),
    body: bodyText(rowValue(batch.bodies, strings, row)),
    attributes: attributesOf(batch, row),
  };
}

function attributesOf(batch: LogBatch, row: number): Record<string, unknown> {
  const { attributes, attributeOffsets, strings } = batch;
  const entries: [string, unknown][] = [];
  for (let i = attributeOffsets[row] as number; i < (attributeOffsets[row + 1] as number); i++) {
    entries.push([
      strings.text(attributes.keys[i] as number),
      anyValueJson(rowValue(attributes, strings, i)),
    ]);
  }
  // fromEntries defines own properties, so that a key such as `__proto__` is a key like any other.
  return Object.fromEntries(entries);
}

function bodyText(body: AnyValue): string {
  if (body.type === "string") return body.value;
  return body.type === "empty" ? "" : JSON.stringify(anyValueJson(body));
}

function anyValueJson(value: AnyValue): unknown {
  switch (value.type) {
    case "empty":
      return {};
    case "string":
      return { stringValue: value.value };
    case "bool":
      return { boolValue: value.value };
    case "int":
      return { intValue: String(value.value) };
    case "double":
      return { doubleValue: Number.isFinite(value.value) ? value.value : String(value.value) };
    case "bytes":
      return { bytesValue: toBase64(value.value) };
    case "array":
      return { arrayValue: { values: value.items.map(anyValueJson) } };
    case "kvlist":
      return {
        kvlistValue: {
          values: value.entries.map(([key, item]) => ({ key, value: anyValueJson(item) })),
        },
      };
  }
}
