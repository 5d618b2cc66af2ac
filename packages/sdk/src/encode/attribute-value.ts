// Attribute values to OTLP's AnyValue (opentelemetry/proto/common/v1/common.proto). Whatever an application
// hands over is written as well as it can be: nothing here throws, loops or grows without a limit.

import type { ByteWriter } from "./byte-writer.ts";

const Tag = {
  String: 0x0a,
  Bool: 0x10,
  Int: 0x18,
  Double: 0x21,
  Array: 0x2a,
  Map: 0x32,
  Bytes: 0x3a,
};
const MAX_DEPTH = 6;
const MAX_MEMBERS = 256;
const TWO_32 = 2 ** 32;

/** Longest text that is written whatever the settings say, UTF-16 units. */
export const HARD_TEXT_LIMIT: number = 64 * 1024;

/** Bytes after which no further members of an object or array are written: it may hold itself in each of them. */
const LARGEST_OBJECT = 256 * 1024;
/** Where the object that is being written has to stop. */
let stopAt = 0;

/** Appends an AnyValue's fields. Texts longer than `maxText` UTF-16 units are cut. */
export function writeValue(writer: ByteWriter, value: unknown, maxText: number, depth = 0): void {
  switch (typeof value) {
    case "string":
      writer.reserve(1);
      writer.byte(Tag.String);
      writer.text(value.length > maxText ? cut(value, maxText) : value);
      return;
    case "number":
      writeNumber(writer, value);
      return;
    case "boolean":
      writer.reserve(2);
      writer.byte(Tag.Bool);
      writer.byte(value ? 1 : 0);
      return;
    case "bigint":
      writeBigint(writer, value, maxText);
      return;
    case "object":
      if (value !== null) writeObject(writer, value, maxText, depth);
      return;
    default:
      writeValue(writer, typeof value === "undefined" ? "" : safeText(value), maxText);
  }
}

/** Never ends in the first half of a surrogate pair. */
function cut(text: string, limit: number): string {
  const last = text.charCodeAt(limit - 1);
  return text.slice(0, last >= 0xd800 && last < 0xdc00 ? limit - 1 : limit);
}

function writeNumber(writer: ByteWriter, value: number): void {
  writer.reserve(1);
  if (!Number.isSafeInteger(value)) {
    writer.byte(Tag.Double);
    writer.double(value);
  } else {
    writer.byte(Tag.Int);
    if (value >= 0) writer.varint(value);
    else writer.varint64(value % TWO_32, Math.floor(value / TWO_32));
  }
}

function writeBigint(writer: ByteWriter, value: bigint, maxText: number): void {
  if (BigInt.asIntN(64, value) !== value) {
    writeValue(writer, value.toString(), maxText);
    return;
  }
  writer.reserve(1);
  writer.byte(Tag.Int);
  const bits = BigInt.asUintN(64, value);
  writer.varint64(Number(bits & 0xffff_ffffn), Number(bits >> 32n));
}

function safeText(value: unknown): string {
  try {
    return String(value);
  } catch {
    return "[unreadable]";
  }
}

function writeObject(writer: ByteWriter, value: object, maxText: number, depth: number): void {
  const start = writer.length;
  if (depth === 0) stopAt = start + LARGEST_OBJECT;
  try {
    if (value instanceof Uint8Array) {
      writer.reserve(1);
      writer.byte(Tag.Bytes);
      const bytes = value.subarray(0, HARD_TEXT_LIMIT);
      writer.varint(bytes.length);
      writer.raw(bytes);
    } else if (value instanceof Date) {
      writeValue(writer, Number.isNaN(value.getTime()) ? "" : value.toISOString(), maxText);
    } else if (value instanceof Error) {
      writeValue(writer, String(value), maxText);
    } else if (depth >= MAX_DEPTH) {
      writeValue(writer, "[too deep]", maxText);
    } else if (Array.isArray(value)) {
      writeArray(writer, value, maxText, depth);
    } else {
      writeMembers(writer, value as Record<string, unknown>, maxText, depth);
    }
  } catch {
    writer.length = start;
    writeValue(writer, "[unreadable]", maxText);
  }
}

function writeArray(
  writer: ByteWriter,
  values: readonly unknown[],
  maxText: number,
  depth: number,
) {
  const mark = writer.begin(Tag.Array);
  const count = Math.min(values.length, MAX_MEMBERS);
  for (let i = 0; i < count && writer.length < stopAt; i++) {
    const item = writer.begin(0x0a);
    writeValue(writer, values[i] ?? null, maxText, depth + 1);
    writer.end(item);
  }
  writer.end(mark);
}

function writeMembers(
  writer: ByteWriter,
  value: Record<string, unknown>,
  maxText: number,
  depth: number,
) {
  const mark = writer.begin(Tag.Map);
  let left = MAX_MEMBERS;
  for (const key of Object.keys(value)) {
    if (left-- === 0 || writer.length >= stopAt) break;
    let member: unknown;
    try {
      member = value[key];
    } catch {
      member = "[unreadable]";
    }
    if (member !== undefined && typeof member !== "function") {
      writeKeyValue(writer, 0x0a, key, member, maxText, depth + 1);
    }
  }
  writer.end(mark);
}

/** Appends a KeyValue as the field with tag byte `tag`. */
export function writeKeyValue(
  writer: ByteWriter,
  tag: number,
  key: string,
  value: unknown,
  maxText: number,
  depth = 0,
): void {
  if (typeof value === "string" && value.length <= maxText && writer.textPair(tag, key, value)) {
    return;
  }
  const mark = writer.begin(tag);
  writer.reserve(1);
  writer.byte(0x0a);
  writer.text(key.length > HARD_TEXT_LIMIT ? cut(key, HARD_TEXT_LIMIT) : key);
  const inner = writer.begin(0x12);
  writeValue(writer, value, maxText, depth);
  writer.end(inner);
  writer.end(mark);
}
