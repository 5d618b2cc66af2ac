// SpanBatch to the JSON of Jaeger's UI and its HTTP API (jaeger/internal/uimodel): one object a trace, in
// pieces so that an answer can be streamed. Times are whole microseconds. An int64 beyond 2^53 is a string,
// as Jaeger writes it, because its readers are JavaScript.

import type { SpanBatch } from "@clew/model";
import { rowsByTrace } from "../columns/rows-by-trace.ts";
import { toBase64 } from "../json/base64.ts";
import type { AnyValue } from "../otlp/any-value.ts";
import { plainText } from "../value-json/plain.ts";
import {
  type JaegerEncoding,
  type JaegerSpan,
  type JaegerTag,
  jaegerProcess,
  jaegerSpans,
} from "./jaeger-span.ts";

const MAX_SAFE = 2n ** 53n - 1n;
const NO_HIGH_HALF = "0".repeat(16);

/**
 * The traces of `batch` as Jaeger JSON objects with commas between them, in order of first appearance; one
 * chunk a span or so. Empty for an empty batch.
 */
export function* encodeJaegerTracesJson(
  batch: SpanBatch,
  encoding: JaegerEncoding = {},
): Generator<string, void, undefined> {
  let separator = "";
  for (const [traceId, rows] of rowsByTrace(batch)) {
    yield `${separator}{"traceID":"${shortTraceId(traceId)}","spans":[`;
    separator = ",";
    const processes = new Map<number, string>();
    let spanSeparator = "";
    for (const span of jaegerSpans(batch, rows, encoding)) {
      const processId = processes.get(span.resource) ?? `p${processes.size + 1}`;
      processes.set(span.resource, processId);
      yield spanSeparator + spanText(span, processId);
      spanSeparator = ",";
    }
    const texts = [...processes].map(([index, id]) => `"${id}":${processText(batch, index)}`);
    yield `],"processes":{${texts.join(",")}},"warnings":null}`;
  }
}

/** Jaeger shows a 64-bit trace id with 16 digits. */
function shortTraceId(traceId: string): string {
  return traceId.startsWith(NO_HIGH_HALF) ? traceId.slice(16) : traceId;
}

function spanText(span: JaegerSpan, processId: string): string {
  const traceId = shortTraceId(span.traceId);
  const references = span.references.map(
    ({ refType, traceId: of, spanId }) =>
      `{"refType":"${refType}","traceID":"${shortTraceId(of)}","spanID":"${spanId}"}`,
  );
  const logs = span.logs.map(
    ({ timeNano, fields }) => `{"timestamp":${timeNano / 1000n},"fields":${tagsText(fields)}}`,
  );
  const flags = span.flags === 0 ? "" : `"flags":${span.flags},`;
  const warnings = span.warnings.length === 0 ? "null" : JSON.stringify(span.warnings);
  return (
    `{"traceID":"${traceId}","spanID":"${span.spanId}",${flags}` +
    `"operationName":${JSON.stringify(span.operationName)},"references":[${references.join(",")}],` +
    `"startTime":${span.startNano / 1000n},"duration":${span.durationNano / 1000n},` +
    `"tags":${tagsText(span.tags)},"logs":[${logs.join(",")}],` +
    `"processID":"${processId}","warnings":${warnings}}`
  );
}

function processText(batch: SpanBatch, resource: number): string {
  const { serviceName, tags } = jaegerProcess(batch, resource);
  return `{"serviceName":${JSON.stringify(serviceName)},"tags":${tagsText(tags)}}`;
}

function tagsText(tags: readonly JaegerTag[]): string {
  const texts = tags.map(({ key, value }) => `{"key":${JSON.stringify(key)},${valueText(value)}}`);
  return `[${texts.join(",")}]`;
}

function valueText(value: AnyValue): string {
  switch (value.type) {
    case "bool":
      return `"type":"bool","value":${value.value}`;
    case "int": {
      const isSafe = value.value <= MAX_SAFE && value.value >= -MAX_SAFE;
      return `"type":"int64","value":${isSafe ? value.value : `"${value.value}"`}`;
    }
    case "double":
      return `"type":"float64","value":${Number.isFinite(value.value) ? value.value : `"${value.value}"`}`;
    case "bytes":
      return `"type":"binary","value":"${toBase64(value.value)}"`;
    default:
      return `"type":"string","value":${JSON.stringify(plainText(value))}`;
  }
}
