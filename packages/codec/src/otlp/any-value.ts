// A stored AnyValue as a small tree, for the read side where values are shown one at a time.

import { type AttributeColumns, type ByteDictionary, ValueType } from "@clew/model";
import { WireReader } from "../protobuf/wire-reader.ts";

/** An OTLP AnyValue. Integers are exact; texts are decoded. */
export type AnyValue =
  | { readonly type: "empty" }
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "int"; readonly value: bigint }
  | { readonly type: "double"; readonly value: number }
  | { readonly type: "bytes"; readonly value: Uint8Array }
  | { readonly type: "array"; readonly items: readonly AnyValue[] }
  | { readonly type: "kvlist"; readonly entries: readonly (readonly [string, AnyValue])[] };

const EMPTY: AnyValue = { type: "empty" };
const MAX_DEPTH = 256;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * The tree of the AnyValue message `bytes`; unknown fields are left out. Throws ClewError
 * `malformed_payload` when the bytes are not such a message or nest deeper than 256 levels.
 */
export function readAnyValue(bytes: Uint8Array): AnyValue {
  const reader = new WireReader();
  reader.reset(bytes);
  return readValue(reader, bytes.length, 1);
}

function readValue(reader: WireReader, end: number, depth: number): AnyValue {
  if (depth > MAX_DEPTH) reader.fail(`values are nested deeper than ${MAX_DEPTH}`, "AnyValue");
  let value = EMPTY;
  while (reader.pos < end) {
    const tag = reader.tag(end, "AnyValue");
    const next = readCase(reader, tag, end, depth);
    if (next === undefined) reader.skip(tag, end, 0b1111_1110, "AnyValue");
    else value = next;
  }
  return value;
}

function readCase(
  reader: WireReader,
  tag: number,
  end: number,
  depth: number,
): AnyValue | undefined {
  switch (tag) {
    case 0x0a:
      return { type: "string", value: readText(reader, end) };
    case 0x10: {
      const low = reader.varint(end, "bool_value");
      return { type: "bool", value: low !== 0 || reader.high !== 0 };
    }
    case 0x18: {
      const low = reader.varint(end, "int_value");
      const unsigned = (BigInt(reader.high) << 32n) | BigInt(low);
      return { type: "int", value: BigInt.asIntN(64, unsigned) };
    }
    case 0x21: {
      const at = reader.pos;
      reader.fixed64(end, "double_value");
      const { buffer, byteOffset } = reader.bytes;
      return {
        type: "double",
        value: new DataView(buffer, byteOffset + at, 8).getFloat64(0, true),
      };
    }
    case 0x2a:
      return { type: "array", items: readItems(reader, reader.block(end, "ArrayValue"), depth) };
    case 0x32:
      return { type: "kvlist", entries: readEntries(reader, reader.block(end, "kvlist"), depth) };
    case 0x3a: {
      const stop = reader.block(end, "bytes_value");
      const value = reader.bytes.slice(reader.pos, stop);
      reader.pos = stop;
      return { type: "bytes", value };
    }
    default:
      return undefined;
  }
}

function readItems(reader: WireReader, end: number, depth: number): AnyValue[] {
  const items: AnyValue[] = [];
  while (reader.pos < end) {
    const tag = reader.tag(end, "ArrayValue");
    if (tag === 0x0a) items.push(readValue(reader, reader.block(end, "ArrayValue"), depth + 1));
    else reader.skip(tag, end, 0b10, "ArrayValue");
  }
  return items;
}

function readEntries(reader: WireReader, end: number, depth: number): [string, AnyValue][] {
  const entries: [string, AnyValue][] = [];
  while (reader.pos < end) {
    const tag = reader.tag(end, "KeyValueList");
    if (tag === 0x0a) entries.push(readEntry(reader, reader.block(end, "KeyValue"), depth));
    else reader.skip(tag, end, 0b10, "KeyValueList");
  }
  return entries;
}

function readEntry(reader: WireReader, end: number, depth: number): [string, AnyValue] {
  let key = "";
  let value = EMPTY;
  while (reader.pos < end) {
    const tag = reader.tag(end, "KeyValue");
    if (tag === 0x0a) key = readText(reader, end);
    else if (tag === 0x12) value = readValue(reader, reader.block(end, "KeyValue"), depth + 1);
    else reader.skip(tag, end, 0b110, "KeyValue");
  }
  return [key, value];
}

function readText(reader: WireReader, end: number): string {
  const stop = reader.block(end, "text");
  const text = decoder.decode(reader.bytes.subarray(reader.pos, stop));
  reader.pos = stop;
  return text;
}

/** The AnyValue of attribute row `row`, whatever its type. */
export function rowValue(
  columns: AttributeColumns,
  strings: ByteDictionary,
  row: number,
): AnyValue {
  const low = columns.slots[row * 2] as number;
  switch (columns.types[row]) {
    case ValueType.String:
      return { type: "string", value: strings.text(low) };
    case ValueType.Bool:
      return { type: "bool", value: low !== 0 };
    case ValueType.Int:
      return { type: "int", value: columns.int(row) };
    case ValueType.Double:
      return { type: "double", value: columns.double(row) };
    case ValueType.Bytes:
      return { type: "bytes", value: strings.view(low) };
    case ValueType.Array:
    case ValueType.KvList:
      return readAnyValue(strings.view(low));
    default:
      return EMPTY;
  }
}
