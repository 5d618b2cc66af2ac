// Rewrites an AnyValue whose nested texts are not all UTF-8. Rare, so it favours brevity over speed.

import { WireReader } from "../protobuf/wire-reader.ts";
import { WireWriter } from "../protobuf/wire-writer.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * A copy of the AnyValue message `bytes` with U+FFFD in place of bytes that are not UTF-8. The
 * message must have been validated: nesting is not limited here.
 */
export function repairedAnyValue(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const reader = new WireReader();
  reader.reset(bytes);
  const writer = new WireWriter(bytes.length + 64);
  copyAnyValue(reader, bytes.length, writer);
  return writer.finish();
}

function copyAnyValue(reader: WireReader, end: number, writer: WireWriter): void {
  while (reader.pos < end) {
    const from = reader.pos;
    const tag = reader.tag(end, "AnyValue");
    if (tag === 0x0a) copyText(reader, end, writer, tag);
    else if (tag === 0x2a || tag === 0x32) copyList(reader, end, writer, tag);
    else copyField(reader, end, writer, tag, from);
  }
}

function copyList(reader: WireReader, end: number, writer: WireWriter, listTag: number): void {
  const stop = reader.block(end, "AnyValue");
  const list = writer.begin(listTag);
  while (reader.pos < stop) {
    const from = reader.pos;
    const tag = reader.tag(stop, "AnyValue");
    if (tag !== 0x0a) {
      copyField(reader, stop, writer, tag, from);
      continue;
    }
    const itemEnd = reader.block(stop, "AnyValue");
    const item = writer.begin(tag);
    if (listTag === 0x2a) copyAnyValue(reader, itemEnd, writer);
    else copyKeyValue(reader, itemEnd, writer);
    writer.end(item);
  }
  writer.end(list);
}

function copyKeyValue(reader: WireReader, end: number, writer: WireWriter): void {
  while (reader.pos < end) {
    const from = reader.pos;
    const tag = reader.tag(end, "KeyValue");
    if (tag === 0x0a) copyText(reader, end, writer, tag);
    else if (tag === 0x12) {
      const stop = reader.block(end, "KeyValue.value");
      const value = writer.begin(tag);
      copyAnyValue(reader, stop, writer);
      writer.end(value);
    } else copyField(reader, end, writer, tag, from);
  }
}

function copyText(reader: WireReader, end: number, writer: WireWriter, tag: number): void {
  const stop = reader.block(end, "text");
  const text = decoder.decode(reader.bytes.subarray(reader.pos, stop));
  writer.bytesField(tag, encoder.encode(text));
  reader.pos = stop;
}

function copyField(
  reader: WireReader,
  end: number,
  writer: WireWriter,
  tag: number,
  from: number,
): void {
  reader.skip(tag, end, 0, "AnyValue");
  writer.raw(reader.bytes, from, reader.pos);
}
