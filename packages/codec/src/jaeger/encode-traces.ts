// SpanBatch to Jaeger's protobuf (jaeger-idl, api_v2): SpansResponseChunk messages, whose spans carry their
// processes. Times keep their nanoseconds and integers their 64 bits.

import { fromHex, type SpanBatch } from "@clew/model";
import { rowsByTrace } from "../columns/rows-by-trace.ts";
import type { AnyValue } from "../otlp/any-value.ts";
import { WireWriter } from "../protobuf/wire-writer.ts";
import { plainText } from "../value-json/plain.ts";
import {
  type JaegerEncoding,
  type JaegerProcess,
  type JaegerSpan,
  type JaegerTag,
  jaegerProcess,
  jaegerSpans,
} from "./jaeger-span.ts";

/** A chunk is closed when it has grown to this; gRPC clients take 4 MiB unless told otherwise. */
const CHUNK_BYTES = 1024 * 1024;
const SECOND_NANO = 1_000_000_000n;
const double = new Float64Array(1);
const doubleWords = new Uint32Array(double.buffer);

/** All spans of `batch` as SpansResponseChunk messages of about a mebibyte. */
export function* encodeJaegerChunks(
  batch: SpanBatch,
  encoding: JaegerEncoding = {},
): Generator<Uint8Array<ArrayBuffer>, void, undefined> {
  const writer = new WireWriter(64 * 1024);
  const processes = new Map<number, JaegerProcess>();
  for (const rows of rowsByTrace(batch).values()) {
    for (const span of jaegerSpans(batch, rows, encoding)) {
      const process = processes.get(span.resource) ?? jaegerProcess(batch, span.resource);
      processes.set(span.resource, process);
      writeSpan(writer, span, process);
      if (writer.length < CHUNK_BYTES) continue;
      yield writer.finish();
      writer.clear();
    }
  }
  if (writer.length > 0) yield writer.finish();
}

function writeSpan(writer: WireWriter, span: JaegerSpan, process: JaegerProcess): void {
  const message = writer.begin(0x0a);
  writer.bytesField(0x0a, bytesOf(span.traceId));
  writer.bytesField(0x12, bytesOf(span.spanId));
  writer.textField(0x1a, span.operationName);
  for (const reference of span.references) {
    const inner = writer.begin(0x22);
    writer.bytesField(0x0a, bytesOf(reference.traceId));
    writer.bytesField(0x12, bytesOf(reference.spanId));
    writer.uintField(0x18, reference.refType === "FOLLOWS_FROM" ? 1 : 0);
    writer.end(inner);
  }
  writer.uintField(0x28, span.flags);
  writeTime(writer, 0x32, span.startNano);
  writeTime(writer, 0x3a, span.durationNano);
  writeTags(writer, 0x42, span.tags);
  for (const { timeNano, fields } of span.logs) {
    const inner = writer.begin(0x4a);
    writeTime(writer, 0x0a, timeNano);
    writeTags(writer, 0x12, fields);
    writer.end(inner);
  }
  const inner = writer.begin(0x52);
  writer.textField(0x0a, process.serviceName);
  writeTags(writer, 0x12, process.tags);
  writer.end(inner);
  for (const warning of span.warnings) writer.textField(0x62, warning);
  writer.end(message);
}

/** google.protobuf.Timestamp and Duration have the same fields. */
function writeTime(writer: WireWriter, tag: number, nano: bigint): void {
  const seconds = nano / SECOND_NANO;
  const message = writer.begin(tag);
  if (seconds !== 0n) {
    writer.varint(0x08);
    writer.varint64(Number(seconds & 0xffffffffn), Number(seconds >> 32n));
  }
  writer.uintField(0x10, Number(nano % SECOND_NANO));
  writer.end(message);
}

function writeTags(writer: WireWriter, tag: number, tags: readonly JaegerTag[]): void {
  for (const { key, value } of tags) {
    const message = writer.begin(tag);
    writer.textField(0x0a, key);
    writeValue(writer, value);
    writer.end(message);
  }
}

function writeValue(writer: WireWriter, value: AnyValue): void {
  switch (value.type) {
    case "bool":
      writer.uintField(0x10, 1);
      writer.uintField(0x20, value.value ? 1 : 0);
      return;
    case "int":
      writer.uintField(0x10, 2);
      writer.varint(0x28);
      writer.varint64(
        Number(BigInt.asUintN(32, value.value)),
        Number(BigInt.asUintN(32, value.value >> 32n)),
      );
      return;
    case "double":
      double[0] = value.value;
      writer.uintField(0x10, 3);
      writer.varint(0x31);
      writer.fixed32(doubleWords[0] as number);
      writer.fixed32(doubleWords[1] as number);
      return;
    case "bytes":
      writer.uintField(0x10, 4);
      writer.bytesField(0x3a, value.value);
      return;
    default:
      writer.textField(0x1a, plainText(value));
  }
}

function bytesOf(hex: string): Uint8Array {
  return fromHex(hex) ?? new Uint8Array(0);
}
