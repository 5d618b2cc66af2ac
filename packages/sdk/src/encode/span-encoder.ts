// A span to OTLP's Span (opentelemetry/proto/trace/v1/trace.proto), written once, when it ends.

import type { RecordingSpan, SpanEvent, SpanLink } from "../trace/span.ts";
import { HARD_TEXT_LIMIT, writeKeyValue } from "./attribute-value.ts";
import type { ByteWriter } from "./byte-writer.ts";

const KINDS: ReadonlySet<number> = new Set([0, 1, 2, 3, 4]);
const HAS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

/** Appends `span` as a field of ScopeSpans. `unfinished` spans get the attribute that says so. */
export function writeSpan(writer: ByteWriter, span: RecordingSpan, unfinished = false): void {
  const { limits } = span;
  // Nearly every span needs a length of two bytes; then nothing has to move.
  writer.reserve(160);
  writer.byte(0x12);
  writer.length += 2;
  const start = writer.length;
  writer.byte(0x0a);
  writer.byte(16);
  writer.hex(span.traceId, 32);
  writer.byte(0x12);
  writer.byte(8);
  writer.hex(span.spanId, 16);
  if (span.traceState !== undefined) {
    writer.byte(0x1a);
    writer.text(span.traceState);
  }
  if (span.parentSpanId !== undefined) {
    writer.reserve(10);
    writer.byte(0x22);
    writer.byte(8);
    writer.hex(span.parentSpanId, 16);
  }
  writer.reserve(1);
  writer.byte(0x2a);
  writer.text(shortened(span.name));
  writer.reserve(20);
  writer.byte(0x30);
  writer.byte(KINDS.has(span.kind) ? span.kind + 1 : 0);
  writer.byte(0x39);
  writer.nanos(span.startMs, span.offsetMs);
  writer.byte(0x41);
  writer.nanos(span.endMs, span.offsetMs);
  const { attributes } = span;
  for (let i = 0; i < attributes.length; i += 2) {
    writeKeyValue(writer, 0x4a, attributes[i] as string, attributes[i + 1], limits.valueLength);
  }
  if (unfinished) writeKeyValue(writer, 0x4a, "clew.span.unfinished", true, 0);
  count(writer, 0x50, span.droppedAttributes);
  if (span.events !== undefined) for (const event of span.events) writeEvent(writer, span, event);
  count(writer, 0x60, span.droppedEvents);
  if (span.links !== undefined) for (const link of span.links) writeLink(writer, span, link);
  count(writer, 0x70, span.droppedLinks);
  writeStatus(writer, span);
  writer.reserve(6);
  writer.byte(0x85);
  writer.byte(0x01);
  const remote = span.remoteParent ? IS_REMOTE : 0;
  writer.fixed32((span.flags & 0xff) | HAS_REMOTE | remote);
  closeSpan(writer, start);
}

/** Names have a limit too: one that holds a whole document would make its batch too large for any backend. */
function shortened(name: string): string {
  return name.length > HARD_TEXT_LIMIT ? name.slice(0, HARD_TEXT_LIMIT) : name;
}

function closeSpan(writer: ByteWriter, start: number): void {
  const size = writer.length - start;
  if (size < 0x4000) {
    writer.bytes[start - 2] = (size & 0x7f) | 0x80;
    writer.bytes[start - 1] = size >> 7;
    return;
  }
  const extra = size < 0x200000 ? 1 : 2;
  writer.reserve(extra);
  writer.bytes.copyWithin(start + extra, start, writer.length);
  const stop = writer.length + extra;
  writer.length = start - 2;
  writer.varint(size);
  writer.length = stop;
}

function count(writer: ByteWriter, tag: number, value: number): void {
  if (value === 0) return;
  writer.reserve(1);
  writer.byte(tag);
  writer.varint(value);
}

function writeStatus(writer: ByteWriter, span: RecordingSpan): void {
  if (span.statusCode === 0) return;
  const mark = writer.begin(0x7a);
  if (span.statusMessage !== undefined) {
    writer.reserve(1);
    writer.byte(0x12);
    writer.text(span.statusMessage);
  }
  writer.reserve(2);
  writer.byte(0x18);
  writer.byte(span.statusCode);
  writer.end(mark);
}

function writeEvent(writer: ByteWriter, span: RecordingSpan, event: SpanEvent): void {
  const mark = writer.begin(0x5a);
  writer.reserve(9);
  writer.byte(0x09);
  writer.nanos(event.ms, span.offsetMs);
  writer.reserve(1);
  writer.byte(0x12);
  writer.text(shortened(event.name));
  const { attributes } = event;
  for (let i = 0; i < attributes.length; i += 2) {
    const key = attributes[i] as string;
    writeKeyValue(writer, 0x1a, key, attributes[i + 1], span.limits.valueLength);
  }
  count(writer, 0x20, event.dropped);
  writer.end(mark);
}

function writeLink(writer: ByteWriter, span: RecordingSpan, link: SpanLink): void {
  const mark = writer.begin(0x6a);
  writer.reserve(30);
  writer.byte(0x0a);
  writer.byte(16);
  writer.hex(link.traceId, 32);
  writer.byte(0x12);
  writer.byte(8);
  writer.hex(link.spanId, 16);
  if (link.traceState !== undefined) {
    writer.byte(0x1a);
    writer.text(link.traceState);
  }
  const { attributes } = link;
  for (let i = 0; i < attributes.length; i += 2) {
    const key = attributes[i] as string;
    writeKeyValue(writer, 0x22, key, attributes[i + 1], span.limits.valueLength);
  }
  count(writer, 0x28, link.dropped);
  writer.reserve(5);
  writer.byte(0x35);
  writer.fixed32(link.flags & 0xff);
  writer.end(mark);
}
