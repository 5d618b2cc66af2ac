// Protobuf fields that Tempo's messages have beyond those of OTLP's spans: doubles, 64-bit counts, key-values.

import type { AnyValue } from "../otlp/any-value.ts";
import type { WireWriter } from "../protobuf/wire-writer.ts";
import type { KeyValue } from "./messages.ts";

const bits = new DataView(new ArrayBuffer(8));
const WORD = 4_294_967_296;

/** Writes a double field, also when it is 0: a sample of 0 is a sample. */
export function doubleField(writer: WireWriter, tag: number, value: number): void {
  bits.setFloat64(0, value, true);
  writer.varint(tag);
  writer.fixed32(bits.getUint32(0, true));
  writer.fixed32(bits.getUint32(4, true));
}

/** Writes a varint field of up to 2^53 unless it is 0. */
export function countField(writer: WireWriter, tag: number, value: number): void {
  if (value <= 0) return;
  writer.varint(tag);
  writer.varint64(value % WORD, Math.floor(value / WORD));
}

/** Writes an unsigned 64-bit varint field unless it is 0. */
export function bigField(writer: WireWriter, tag: number, value: bigint): void {
  if (value === 0n) return;
  writer.varint(tag);
  writer.varint64(Number(value & 0xffffffffn), Number((value >> 32n) & 0xffffffffn));
}

/** Writes a text field unless it is empty. */
export function textField(writer: WireWriter, tag: number, text: string): void {
  if (text !== "") writer.textField(tag, text);
}

export function keyValues(writer: WireWriter, tag: number, pairs: readonly KeyValue[]): void {
  for (const { key, value } of pairs) {
    const pair = writer.begin(tag);
    textField(writer, 0x0a, key);
    anyValue(writer, 0x12, value);
    writer.end(pair);
  }
}

function anyValue(writer: WireWriter, tag: number, value: AnyValue): void {
  const message = writer.begin(tag);
  switch (value.type) {
    case "string":
      writer.textField(0x0a, value.value);
      break;
    case "bool":
      writer.varint(0x10);
      writer.varint(value.value ? 1 : 0);
      break;
    case "int":
      writer.varint(0x18);
      writer.varint64(
        Number(value.value & 0xffffffffn),
        Number((value.value >> 32n) & 0xffffffffn),
      );
      break;
    case "double":
      doubleField(writer, 0x21, value.value);
      break;
    case "bytes":
      writer.bytesField(0x3a, value.value);
      break;
    case "array": {
      const array = writer.begin(0x2a);
      for (const item of value.items) anyValue(writer, 0x0a, item);
      writer.end(array);
      break;
    }
    case "kvlist": {
      const list = writer.begin(0x32);
      const entries = value.entries.map(([key, item]) => ({ key, value: item }));
      keyValues(writer, 0x0a, entries);
      writer.end(list);
      break;
    }
    case "empty":
  }
  writer.end(message);
}
