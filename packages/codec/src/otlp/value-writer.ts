// Writes attribute rows, resources and scopes of a batch as OTLP protobuf messages.

import {
  type AttributeColumns,
  type ByteDictionary,
  isZero,
  type ResourceTable,
  type ScopeTable,
  ValueType,
} from "@clew/model";
import type { WireWriter } from "../protobuf/wire-writer.ts";

/** Writes dictionary string `id` as a length-delimited field unless it is empty. */
export function writeText(
  writer: WireWriter,
  tag: number,
  strings: ByteDictionary,
  id: number,
): void {
  if (id !== 0) writeString(writer, tag, strings, id);
}

/** Writes an id of `size` bytes from its column unless it is all zero. */
export function writeId(
  writer: WireWriter,
  tag: number,
  column: Uint8Array,
  row: number,
  size: number,
): void {
  const from = row * size;
  if (!isZero(column, from, size)) writer.bytesField(tag, column, from, from + size);
}

/** Writes rows `from .. to` as KeyValue messages under `tag`. */
export function writeAttributes(
  writer: WireWriter,
  tag: number,
  columns: AttributeColumns,
  strings: ByteDictionary,
  from: number,
  to: number,
): void {
  for (let row = from; row < to; row++) {
    const pair = writer.begin(tag);
    writeText(writer, 0x0a, strings, columns.keys[row] as number);
    writeValue(writer, 0x12, columns, strings, row);
    writer.end(pair);
  }
}

/** Writes the value of one row as an AnyValue message under `tag`. */
export function writeValue(
  writer: WireWriter,
  tag: number,
  columns: AttributeColumns,
  strings: ByteDictionary,
  row: number,
): void {
  const value = writer.begin(tag);
  const low = columns.slots[row * 2] as number;
  const high = columns.slots[row * 2 + 1] as number;
  switch (columns.types[row]) {
    case ValueType.String:
      writeString(writer, 0x0a, strings, low);
      break;
    case ValueType.Bool:
      writer.varint(0x10);
      writer.varint(low);
      break;
    case ValueType.Int:
      writer.varint(0x18);
      writer.varint64(low, high);
      break;
    case ValueType.Double:
      writer.varint(0x21);
      writer.fixed32(low);
      writer.fixed32(high);
      break;
    case ValueType.Bytes:
      writeString(writer, 0x3a, strings, low);
      break;
    case ValueType.Array:
    case ValueType.KvList:
      writer.raw(strings.bytes, strings.offsets[low], strings.offsets[low + 1]);
      break;
    default:
  }
  writer.end(value);
}

/** Writes Resource `index` as field 1 of its ResourceSpans or ResourceLogs. */
export function writeResource(
  writer: WireWriter,
  resources: ResourceTable,
  strings: ByteDictionary,
  index: number,
): void {
  const resource = writer.begin(0x0a);
  const from = resources.attributeOffsets[index] as number;
  const to = resources.attributeOffsets[index + 1] as number;
  writeAttributes(writer, 0x0a, resources.attributes, strings, from, to);
  writer.uintField(0x10, resources.droppedAttributes[index] as number);
  const refs = resources.entityRefs[index] as number;
  writer.raw(strings.bytes, strings.offsets[refs], strings.offsets[refs + 1]);
  writer.end(resource);
}

/** Writes InstrumentationScope `index` as field 1 of its ScopeSpans or ScopeLogs. */
export function writeScope(
  writer: WireWriter,
  scopes: ScopeTable,
  strings: ByteDictionary,
  index: number,
): void {
  const scope = writer.begin(0x0a);
  writeText(writer, 0x0a, strings, scopes.name[index] as number);
  writeText(writer, 0x12, strings, scopes.version[index] as number);
  const from = scopes.attributeOffsets[index] as number;
  const to = scopes.attributeOffsets[index + 1] as number;
  writeAttributes(writer, 0x1a, scopes.attributes, strings, from, to);
  writer.uintField(0x20, scopes.droppedAttributes[index] as number);
  writer.end(scope);
}

function writeString(writer: WireWriter, tag: number, strings: ByteDictionary, id: number): void {
  writer.bytesField(tag, strings.bytes, strings.offsets[id], strings.offsets[id + 1]);
}
