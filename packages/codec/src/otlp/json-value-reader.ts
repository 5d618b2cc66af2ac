// Reads OTLP JSON attributes ({"key": "...", "value": {"stringValue": "..."}}) into attribute columns.
// Arrays and key-value lists are written as the protobuf AnyValue that the columns hold.

import { type AttributeColumns, type ByteDictionary, isUtf8, ValueType } from "@clew/model";
import { fromBase64 } from "../json/base64.ts";
import { FieldNames } from "../json/field-names.ts";
import type { JsonReader } from "../json/json-reader.ts";
import { hexDigit } from "../json/json-text.ts";
import { WireWriter } from "../protobuf/wire-writer.ts";
import {
  DEFAULT_MAX_ATTRIBUTES,
  DEFAULT_MAX_DEPTH,
  DEFAULT_MAX_VALUE_BYTES,
  type DecodeLimits,
} from "./limits.ts";

const KEY_VALUE = new FieldNames(["key", "value"]);
const LIST = new FieldNames(["values"]);
const ANY_VALUE = new FieldNames([
  "stringValue",
  "boolValue",
  "intValue",
  "doubleValue",
  "arrayValue",
  "kvlistValue",
  "bytesValue",
]);
const ARRAY_TAG = 0x2a;
const KVLIST_TAG = 0x32;

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Turns JSON attributes into rows. Holds the state that all fields of one request share. */
export class JsonValueReader {
  readonly reader: JsonReader;
  strings: ByteDictionary;
  maxAttributes: number = DEFAULT_MAX_ATTRIBUTES;
  maxValueBytes: number = DEFAULT_MAX_VALUE_BYTES;
  maxDepth: number = DEFAULT_MAX_DEPTH;
  /** Why the span or record being read cannot be taken; undefined while it can. */
  reason: string | undefined = undefined;
  readonly #writer = new WireWriter(1024);
  #base64 = new Uint8Array(256);
  #type: ValueType = ValueType.Empty;
  #low = 0;
  #high = 0;

  constructor(reader: JsonReader, strings: ByteDictionary) {
    this.reader = reader;
    this.strings = strings;
  }

  /** Makes ready for a request whose strings go to `strings`. */
  begin(strings: ByteDictionary, limits: DecodeLimits | undefined): void {
    this.strings = strings;
    this.maxAttributes = limits?.maxAttributesPerSpan ?? DEFAULT_MAX_ATTRIBUTES;
    this.maxValueBytes = limits?.maxValueBytes ?? DEFAULT_MAX_VALUE_BYTES;
    this.maxDepth = limits?.maxDepth ?? DEFAULT_MAX_DEPTH;
    // A key-value list opens four containers a level: value, list, values, entry.
    this.reader.maxDepth = this.maxDepth * 4 + 16;
    this.reason = undefined;
    if (this.#base64.length > 65_536) this.#base64 = new Uint8Array(256);
  }

  /** Notes why the current span or record is rejected; the first reason stays. */
  reject(reason: string): void {
    this.reason ??= reason;
  }

  /** Reads a string; returns its dictionary id. */
  text(what: string): number {
    this.reader.string(what);
    return this.internText(what);
  }

  /** Dictionary id of the reader's current text. */
  internText(what: string): number {
    const { text, textFrom, textTo } = this.reader;
    if (textTo - textFrom > this.maxValueBytes) return this.#tooLong(textTo - textFrom, what);
    return this.strings.internUtf8(text, textFrom, textTo);
  }

  /**
   * Reads a hex id of either case into row `row` of `column`. Returns the length in bytes that the
   * sender gave; -1, with the record rejected, when the text is not hex.
   */
  hexId(column: Uint8Array, row: number, size: number, name: string): number {
    const reader = this.reader;
    reader.string(name);
    const { text, textFrom, textTo } = reader;
    const digits = textTo - textFrom;
    const to = row * size;
    let bad = 0;
    if (digits === size * 2) {
      for (let i = 0, at = textFrom; i < size; i++, at += 2) {
        const high = hexDigit(text[at] as number);
        const low = hexDigit(text[at + 1] as number);
        bad |= high | low;
        column[to + i] = (high << 4) | low;
      }
    } else {
      column.fill(0, to, to + size);
      bad = digits % 2 === 0 ? 0 : -1;
      for (let at = textFrom; at < textTo; at++) bad |= hexDigit(text[at] as number);
    }
    return bad < 0 ? this.#notHex(size, name) : digits / 2;
  }

  /** Reads an array of KeyValue objects into `columns`. */
  attributes(columns: AttributeColumns, what: string): void {
    const first = columns.length;
    this.reader.openArray(what);
    while (this.reader.nextItem(what)) this.#keyValue(columns, what);
    const count = columns.length - first;
    if (count > this.maxAttributes) {
      this.reject(`has ${count} attributes, more than the limit of ${this.maxAttributes}`);
    }
  }

  /** Reads an AnyValue object as a row without a key. */
  bareValue(columns: AttributeColumns): void {
    this.#anyValue();
    columns.push(0, this.#type, this.#low, this.#high);
  }

  #keyValue(columns: AttributeColumns, what: string): void {
    const reader = this.reader;
    let key = 0;
    this.#set(ValueType.Empty, 0, 0);
    reader.openObject(what);
    while (reader.nextField(what)) {
      const field = KEY_VALUE.match(reader.text, reader.textFrom, reader.textTo);
      if (field === 0) key = this.text("KeyValue.key");
      else if (field === 1) this.#anyValue();
      else reader.skip(what);
    }
    columns.push(key, this.#type, this.#low, this.#high);
  }

  #anyValue(): void {
    const reader = this.reader;
    this.#set(ValueType.Empty, 0, 0);
    if (this.maxDepth < 1) reader.fail("values are nested too deeply", "AnyValue");
    reader.openObject("AnyValue");
    while (reader.nextField("AnyValue")) {
      switch (ANY_VALUE.match(reader.text, reader.textFrom, reader.textTo)) {
        case 0:
          this.#set(ValueType.String, this.text("stringValue"), 0);
          break;
        case 1:
          this.#set(ValueType.Bool, reader.boolean("boolValue") ? 1 : 0, 0);
          break;
        case 2:
          reader.int64("intValue");
          this.#set(ValueType.Int, reader.low, reader.high);
          break;
        case 3:
          reader.double("doubleValue");
          this.#set(ValueType.Double, reader.low, reader.high);
          break;
        case 4:
          this.#complexValue(ValueType.Array, ARRAY_TAG);
          break;
        case 5:
          this.#complexValue(ValueType.KvList, KVLIST_TAG);
          break;
        case 6: {
          const length = this.#decodeBytes();
          const id =
            length > this.maxValueBytes
              ? this.#tooLong(length, "bytesValue")
              : this.strings.intern(this.#base64, 0, length);
          this.#set(ValueType.Bytes, id, 0);
          break;
        }
        default:
          reader.skip("AnyValue");
      }
    }
  }

  #set(type: ValueType, low: number, high: number): void {
    this.#type = type;
    this.#low = low;
    this.#high = high;
  }

  #complexValue(type: ValueType, tag: number): void {
    const writer = this.#writer;
    writer.clear();
    this.#writeList(tag, 1);
    const id =
      writer.length > this.maxValueBytes
        ? this.#tooLong(writer.length, "AnyValue")
        : this.strings.intern(writer.bytes, 0, writer.length);
    this.#set(type, id, 0);
  }

  #writeList(listTag: number, depth: number): void {
    const { reader } = this;
    const writer = this.#writer;
    const what = listTag === ARRAY_TAG ? "arrayValue" : "kvlistValue";
    const list = writer.begin(listTag);
    reader.openObject(what);
    while (reader.nextField(what)) {
      if (LIST.match(reader.text, reader.textFrom, reader.textTo) !== 0) {
        reader.skip(what);
        continue;
      }
      reader.openArray(what);
      while (reader.nextItem(what)) {
        const item = writer.begin(0x0a);
        if (listTag === ARRAY_TAG) this.#writeValue(depth + 1);
        else this.#writeKeyValue(depth);
        writer.end(item);
      }
    }
    writer.end(list);
  }

  #writeKeyValue(depth: number): void {
    const { reader } = this;
    const writer = this.#writer;
    reader.openObject("KeyValue");
    while (reader.nextField("KeyValue")) {
      const field = KEY_VALUE.match(reader.text, reader.textFrom, reader.textTo);
      if (field === 0) {
        reader.string("KeyValue.key");
        this.#writeText();
      } else if (field === 1) {
        const value = writer.begin(0x12);
        this.#writeValue(depth + 1);
        writer.end(value);
      } else reader.skip("KeyValue");
    }
  }

  #writeValue(depth: number): void {
    const { reader } = this;
    if (depth > this.maxDepth) {
      reader.fail(`values are nested deeper than ${this.maxDepth} levels`, "AnyValue");
    }
    reader.openObject("AnyValue");
    while (reader.nextField("AnyValue")) {
      const field = ANY_VALUE.match(reader.text, reader.textFrom, reader.textTo);
      if (field === 4) this.#writeList(ARRAY_TAG, depth);
      else if (field === 5) this.#writeList(KVLIST_TAG, depth);
      else if (field >= 0) this.#writeScalar(field);
      else reader.skip("AnyValue");
    }
  }

  #writeScalar(field: number): void {
    const { reader } = this;
    const writer = this.#writer;
    switch (field) {
      case 0:
        reader.string("stringValue");
        this.#writeText();
        break;
      case 1:
        writer.varint(0x10);
        writer.varint(reader.boolean("boolValue") ? 1 : 0);
        break;
      case 2:
        reader.int64("intValue");
        writer.varint(0x18);
        writer.varint64(reader.low, reader.high);
        break;
      case 3:
        reader.double("doubleValue");
        writer.varint(0x21);
        writer.fixed32(reader.low);
        writer.fixed32(reader.high);
        break;
      default: {
        const length = this.#decodeBytes();
        writer.bytesField(0x3a, this.#base64, 0, length);
      }
    }
  }

  // KeyValue.key and AnyValue.string_value have the same tag.
  #writeText(): void {
    const { text, textFrom, textTo } = this.reader;
    if (isUtf8(text, textFrom, textTo)) this.#writer.bytesField(0x0a, text, textFrom, textTo);
    else this.#writer.textField(0x0a, decoder.decode(text.subarray(textFrom, textTo)));
  }

  #decodeBytes(): number {
    const reader = this.reader;
    reader.string("bytesValue");
    const { text, textFrom, textTo } = reader;
    const room = Math.ceil(((textTo - textFrom) * 3) / 4);
    if (this.#base64.length < room) this.#base64 = new Uint8Array(room * 2);
    const length = fromBase64(text, textFrom, textTo, this.#base64);
    if (length < 0) reader.fail("expected base64", "bytesValue");
    return length;
  }

  #notHex(size: number, name: string): -1 {
    this.reject(`${name} must be ${size * 2} hex digits`);
    return -1;
  }

  #tooLong(length: number, what: string): 0 {
    this.reject(`${what} is ${length} bytes, more than the limit of ${this.maxValueBytes}`);
    return 0;
  }
}
