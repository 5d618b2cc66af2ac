// Typed JSON (see render.ts) back to AnyValue protobuf or to attribute rows.

import { type AttributeColumns, type ByteDictionary, isUtf8, ValueType } from "@clew/model";
import { fromBase64 } from "../json/base64.ts";
import { FieldNames } from "../json/field-names.ts";
import { JsonReader } from "../json/json-reader.ts";
import { wordAt } from "../protobuf/wire-reader.ts";
import { WireWriter } from "../protobuf/wire-writer.ts";

const WRAPPER = new FieldNames(["bytes", "kvlist", "double"]);
const WHAT = "typed JSON";
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * The AnyValue protobuf message of a typed JSON text. Throws ClewError `malformed_payload` when the
 * text is not typed JSON.
 */
export function parseValueJson(text: string): Uint8Array<ArrayBuffer> {
  const parser = new TypedJsonParser(text);
  parser.writeValue();
  parser.reader.finish(WHAT);
  return parser.writer.finish();
}

/**
 * Appends the attributes of a JSON object, as written by `renderAttributesJson`, to `into`. Throws
 * ClewError `malformed_payload`, with `into` as it was, when the text is not such an object.
 */
export function parseAttributesJson(
  text: string,
  strings: ByteDictionary,
  into: AttributeColumns,
): void {
  const before = into.length;
  const parser = new TypedJsonParser(text);
  try {
    parser.reader.openObject(WHAT);
    while (parser.reader.nextField(WHAT)) parser.pushAttribute(strings, into);
    parser.reader.finish(WHAT);
  } catch (error) {
    into.truncate(before);
    throw error;
  }
}

class TypedJsonParser {
  readonly reader: JsonReader = new JsonReader();
  readonly writer: WireWriter = new WireWriter(256);

  constructor(text: string) {
    this.reader.reset(encoder.encode(text));
    this.reader.keepNulls = true;
    this.reader.maxDepth = 1024;
  }

  /** Reads the value of the field whose name was just read and appends it as a row. */
  pushAttribute(strings: ByteDictionary, into: AttributeColumns): void {
    const { text, textFrom, textTo } = this.reader;
    const key = strings.internUtf8(text, textFrom, textTo);
    const { writer } = this;
    writer.clear();
    this.writeValue();
    const { bytes, length } = writer;
    switch (length === 0 ? 0 : bytes[0]) {
      case 0x0a:
        into.push(key, ValueType.String, strings.internUtf8(bytes, payload(bytes), length), 0);
        break;
      case 0x3a:
        into.push(key, ValueType.Bytes, strings.intern(bytes, payload(bytes), length), 0);
        break;
      case 0x10:
        into.push(key, ValueType.Bool, bytes[1] as number, 0);
        break;
      case 0x18:
        into.push(key, ValueType.Int, this.reader.low, this.reader.high);
        break;
      case 0x21:
        into.push(key, ValueType.Double, wordAt(bytes, 1), wordAt(bytes, 5));
        break;
      case 0x2a:
        into.push(key, ValueType.Array, strings.intern(bytes, 0, length), 0);
        break;
      case 0x32:
        into.push(key, ValueType.KvList, strings.intern(bytes, 0, length), 0);
        break;
      default:
        into.push(key, ValueType.Empty, 0, 0);
    }
  }

  /** Reads one value and writes it as the fields of an AnyValue. */
  writeValue(): void {
    const { reader, writer } = this;
    switch (reader.peek()) {
      case 34:
        reader.string(WHAT);
        this.#writeText();
        break;
      case 110:
        reader.null(WHAT);
        break;
      case 116:
      case 102:
        writer.varint(0x10);
        writer.varint(reader.boolean(WHAT) ? 1 : 0);
        break;
      case 91:
        this.#writeArray();
        break;
      case 123:
        this.#writeWrapped();
        break;
      default:
        this.#writeNumber();
    }
  }

  #writeArray(): void {
    const { reader, writer } = this;
    const list = writer.begin(0x2a);
    reader.openArray(WHAT);
    while (reader.nextItem(WHAT)) {
      const item = writer.begin(0x0a);
      this.writeValue();
      writer.end(item);
    }
    writer.end(list);
  }

  #writeWrapped(): void {
    const { reader } = this;
    const problem = 'expected {"bytes":...}, {"kvlist":...} or {"double":...}';
    reader.openObject(WHAT);
    if (!reader.nextField(WHAT)) reader.fail(problem, WHAT);
    const field = WRAPPER.match(reader.text, reader.textFrom, reader.textTo);
    if (field === 0) this.#writeBytes();
    else if (field === 1) this.#writeList();
    else if (field === 2) {
      if (reader.peek() !== 34) reader.fail("expected a string", WHAT);
      this.#writeDouble();
    } else reader.fail(problem, WHAT);
    if (reader.nextField(WHAT)) reader.fail(problem, WHAT);
  }

  #writeList(): void {
    const { reader, writer } = this;
    const list = writer.begin(0x32);
    reader.openObject(WHAT);
    while (reader.nextField(WHAT)) {
      const entry = writer.begin(0x0a);
      this.#writeText(); // KeyValue.key has string_value's tag
      const value = writer.begin(0x12);
      this.writeValue();
      writer.end(value);
      writer.end(entry);
    }
    writer.end(list);
  }

  #writeBytes(): void {
    const { reader, writer } = this;
    reader.string(WHAT);
    const { text, textFrom, textTo } = reader;
    const bytes = new Uint8Array(textTo - textFrom);
    const length = fromBase64(text, textFrom, textTo, bytes);
    if (length < 0) reader.fail("expected base64", WHAT);
    writer.bytesField(0x3a, bytes, 0, length);
  }

  #writeNumber(): void {
    const { reader, writer } = this;
    const from = reader.pos;
    reader.skipNumber(WHAT);
    const to = reader.pos;
    reader.pos = from;
    for (let i = from; i < to; i++) {
      const byte = reader.bytes[i] as number;
      if (byte === 46 || byte === 101 || byte === 69) return this.#writeDouble();
    }
    reader.int64(WHAT);
    writer.varint(0x18);
    writer.varint64(reader.low, reader.high);
  }

  #writeDouble(): void {
    const { reader, writer } = this;
    reader.double(WHAT);
    writer.varint(0x21);
    writer.fixed32(reader.low);
    writer.fixed32(reader.high);
  }

  #writeText(): void {
    const { text, textFrom, textTo } = this.reader;
    if (isUtf8(text, textFrom, textTo)) this.writer.bytesField(0x0a, text, textFrom, textTo);
    else this.writer.textField(0x0a, decoder.decode(text.subarray(textFrom, textTo)));
  }
}

// Where the content of the length-delimited field at the front of `bytes` starts.
function payload(bytes: Uint8Array): number {
  let at = 1;
  while ((bytes[at] as number) >= 0x80) at++;
  return at + 1;
}
