// Reads OTLP KeyValue and AnyValue messages (opentelemetry/proto/common/v1) from protobuf into
// attribute columns. The layout that every SDK writes has a path of its own; anything else that is
// valid takes the general one.

import { type AttributeColumns, type ByteDictionary, isUtf8, ValueType } from "@clew/model";
import type { WireReader } from "../protobuf/wire-reader.ts";
import { repairedAnyValue } from "./any-value-repair.ts";
import {
  DEFAULT_MAX_ATTRIBUTES,
  DEFAULT_MAX_DEPTH,
  DEFAULT_MAX_VALUE_BYTES,
  type DecodeLimits,
} from "./limits.ts";

const KEY_VALUE_FIELDS = 0b110;
const ANY_VALUE_FIELDS = 0b1111_1110;
const LIST_FIELDS = 0b10;

/** Turns attribute messages into rows. Holds the state that all fields of one request share. */
export class ValueReader {
  readonly reader: WireReader;
  strings: ByteDictionary;
  maxAttributes: number = DEFAULT_MAX_ATTRIBUTES;
  maxValueBytes: number = DEFAULT_MAX_VALUE_BYTES;
  maxDepth: number = DEFAULT_MAX_DEPTH;
  /** Why the span or record being read cannot be taken; undefined while it can. */
  reason: string | undefined = undefined;
  #type: ValueType = ValueType.Empty;
  #low = 0;
  #high = 0;
  #allUtf8 = true;

  constructor(reader: WireReader, strings: ByteDictionary) {
    this.reader = reader;
    this.strings = strings;
  }

  /** Makes ready for a request whose strings go to `strings`. */
  begin(strings: ByteDictionary, limits: DecodeLimits | undefined): void {
    this.strings = strings;
    this.maxAttributes = limits?.maxAttributesPerSpan ?? DEFAULT_MAX_ATTRIBUTES;
    this.maxValueBytes = limits?.maxValueBytes ?? DEFAULT_MAX_VALUE_BYTES;
    this.maxDepth = limits?.maxDepth ?? DEFAULT_MAX_DEPTH;
    this.reason = undefined;
  }

  /** Notes why the current span or record is rejected; the first reason stays. */
  reject(reason: string): void {
    this.reason ??= reason;
  }

  /** Checks the number of attributes that one owner has. */
  checkCount(count: number): void {
    if (count > this.maxAttributes) {
      this.reject(`has ${count} attributes, more than the limit of ${this.maxAttributes}`);
    }
  }

  /** Reads a string field at the reader's position; returns its dictionary id. */
  text(end: number, what: string): number {
    const reader = this.reader;
    const stop = reader.block(end, what);
    const from = reader.pos;
    reader.pos = stop;
    return this.internText(from, stop, what);
  }

  /** Dictionary id of the input's bytes `from .. to` as text. */
  internText(from: number, to: number, what: string): number {
    if (to - from > this.maxValueBytes) return this.#tooLong(to - from, what);
    return this.strings.internUtf8(this.reader.bytes, from, to);
  }

  /** Reads the KeyValue at the reader's position, up to `end`, and appends it to `columns`. */
  keyValue(columns: AttributeColumns, end: number): void {
    const bytes = this.reader.bytes;
    const from = this.reader.pos;
    // 0x0a <key length> key 0x12 <value length> <AnyValue tag> ..., all lengths below 128.
    if (end - from >= 6 && bytes[from] === 0x0a) {
      const keyLength = bytes[from + 1] as number;
      const keyEnd = from + 2 + keyLength;
      if (keyLength < 0x80 && keyEnd + 3 <= end && bytes[keyEnd] === 0x12) {
        const valueLength = bytes[keyEnd + 1] as number;
        const at = keyEnd + 2;
        if (valueLength > 1 && at + valueLength === end && keyLength <= this.maxValueBytes) {
          const tag = bytes[at] as number;
          const rest = valueLength - 2;
          if (tag === 0x0a && bytes[at + 1] === rest && rest <= this.maxValueBytes) {
            const key = this.strings.internUtf8(bytes, from + 2, keyEnd);
            columns.push(key, ValueType.String, this.strings.internUtf8(bytes, at + 2, end), 0);
            this.reader.pos = end;
            return;
          }
          if (tag === 0x18) {
            this.reader.pos = at + 1;
            const low = this.reader.varint(end, "AnyValue.int_value");
            if (this.reader.pos === end) {
              const key = this.strings.internUtf8(bytes, from + 2, keyEnd);
              columns.push(key, ValueType.Int, low, this.reader.high);
              return;
            }
            this.reader.pos = from;
          }
          if (tag === 0x10 && valueLength === 2 && (bytes[at + 1] as number) < 2) {
            const key = this.strings.internUtf8(bytes, from + 2, keyEnd);
            columns.push(key, ValueType.Bool, bytes[at + 1] as number, 0);
            this.reader.pos = end;
            return;
          }
          if (tag === 0x21 && valueLength === 9) {
            const key = this.strings.internUtf8(bytes, from + 2, keyEnd);
            const view = this.reader.view;
            const low = view.getInt32(at + 1, true);
            columns.push(key, ValueType.Double, low, view.getInt32(at + 5, true));
            this.reader.pos = end;
            return;
          }
        }
      }
    }
    this.#anyKeyValue(columns, end);
  }

  /** Reads the AnyValue at the reader's position, up to `end`, as a row without a key. */
  bareValue(columns: AttributeColumns, end: number): void {
    this.#type = ValueType.Empty;
    this.#low = 0;
    this.#high = 0;
    this.#anyValue(end);
    columns.push(0, this.#type, this.#low, this.#high);
  }

  #anyKeyValue(columns: AttributeColumns, end: number): void {
    const reader = this.reader;
    let key = 0;
    this.#type = ValueType.Empty;
    this.#low = 0;
    this.#high = 0;
    while (reader.pos < end) {
      const tag = reader.tag(end, "KeyValue");
      if (tag === 0x0a) key = this.text(end, "KeyValue.key");
      else if (tag === 0x12) this.#anyValue(reader.block(end, "KeyValue.value"));
      else reader.skip(tag, end, KEY_VALUE_FIELDS, "KeyValue");
    }
    columns.push(key, this.#type, this.#low, this.#high);
  }

  // The last case set wins, as in every protobuf oneof.
  #anyValue(end: number): void {
    const reader = this.reader;
    const start = reader.pos;
    let complex: ValueType = ValueType.Empty;
    this.#allUtf8 = true;
    if (this.maxDepth < 1) reader.fail("values are nested too deeply", "AnyValue");
    while (reader.pos < end) {
      const tag = reader.tag(end, "AnyValue");
      if (tag === 0x2a || tag === 0x32) {
        complex = tag === 0x2a ? ValueType.Array : ValueType.KvList;
        this.#validateList(tag, reader.block(end, "AnyValue"), 1);
      } else if (this.#scalar(tag, end)) complex = ValueType.Empty;
      else reader.skip(tag, end, ANY_VALUE_FIELDS, "AnyValue");
    }
    if (complex !== ValueType.Empty) this.#complexValue(complex, start, end);
  }

  #scalar(tag: number, end: number): boolean {
    const reader = this.reader;
    switch (tag) {
      case 0x0a:
        return this.#set(ValueType.String, this.text(end, "AnyValue.string_value"), 0);
      case 0x10: {
        const isTrue = reader.varint(end, "AnyValue.bool_value") !== 0 || reader.high !== 0;
        return this.#set(ValueType.Bool, isTrue ? 1 : 0, 0);
      }
      case 0x18:
        reader.varint(end, "AnyValue.int_value");
        return this.#set(ValueType.Int, reader.low, reader.high);
      case 0x21:
        reader.fixed64(end, "AnyValue.double_value");
        return this.#set(ValueType.Double, reader.low, reader.high);
      case 0x3a:
        return this.#set(ValueType.Bytes, this.#bytes(end), 0);
      default:
        return false;
    }
  }

  #set(type: ValueType, low: number, high: number): true {
    this.#type = type;
    this.#low = low;
    this.#high = high;
    return true;
  }

  #bytes(end: number): number {
    const reader = this.reader;
    const stop = reader.block(end, "AnyValue.bytes_value");
    const from = reader.pos;
    reader.pos = stop;
    if (stop - from > this.maxValueBytes) return this.#tooLong(stop - from, "AnyValue.bytes_value");
    return this.strings.intern(reader.bytes, from, stop);
  }

  #complexValue(type: ValueType, from: number, to: number): void {
    let id = 0;
    if (to - from > this.maxValueBytes) this.#tooLong(to - from, "AnyValue");
    else if (this.#allUtf8) id = this.strings.intern(this.reader.bytes, from, to);
    else {
      const repaired = repairedAnyValue(this.reader.bytes.subarray(from, to));
      id = this.strings.intern(repaired, 0, repaired.length);
    }
    this.#set(type, id, 0);
  }

  // Walks the ArrayValue (0x2a) or KeyValueList (0x32) up to `end`; `depth` is its AnyValue's level.
  #validateList(listTag: number, end: number, depth: number): void {
    const reader = this.reader;
    const what = listTag === 0x2a ? "ArrayValue" : "KeyValueList";
    while (reader.pos < end) {
      const tag = reader.tag(end, what);
      if (tag !== 0x0a) {
        reader.skip(tag, end, LIST_FIELDS, what);
        continue;
      }
      const stop = reader.block(end, what);
      if (listTag === 0x2a) this.#validateValue(stop, depth + 1);
      else this.#validateKeyValue(stop, depth);
    }
  }

  #validateKeyValue(end: number, depth: number): void {
    const reader = this.reader;
    while (reader.pos < end) {
      const tag = reader.tag(end, "KeyValue");
      if (tag === 0x0a) this.#validateText(end, "KeyValue.key");
      else if (tag === 0x12) this.#validateValue(reader.block(end, "KeyValue.value"), depth + 1);
      else reader.skip(tag, end, KEY_VALUE_FIELDS, "KeyValue");
    }
  }

  #validateValue(end: number, depth: number): void {
    const reader = this.reader;
    if (depth > this.maxDepth) {
      reader.fail(`values are nested deeper than ${this.maxDepth} levels`, "AnyValue");
    }
    while (reader.pos < end) {
      const tag = reader.tag(end, "AnyValue");
      if (tag === 0x0a) this.#validateText(end, "AnyValue.string_value");
      else if (tag === 0x2a || tag === 0x32) {
        this.#validateList(tag, reader.block(end, "AnyValue"), depth);
      } else if (tag === 0x3a) reader.pos = reader.block(end, "AnyValue.bytes_value");
      else if (tag === 0x10 || tag === 0x18) reader.varint(end, "AnyValue");
      else if (tag === 0x21) reader.fixed64(end, "AnyValue.double_value");
      else reader.skip(tag, end, ANY_VALUE_FIELDS, "AnyValue");
    }
  }

  #validateText(end: number, what: string): void {
    const reader = this.reader;
    const stop = reader.block(end, what);
    if (!isUtf8(reader.bytes, reader.pos, stop)) this.#allUtf8 = false;
    reader.pos = stop;
  }

  #tooLong(length: number, what: string): 0 {
    this.reject(`${what} is ${length} bytes, more than the limit of ${this.maxValueBytes}`);
    return 0;
  }
}
