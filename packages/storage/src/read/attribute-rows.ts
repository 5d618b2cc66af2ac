// The attribute columns of a stored row (promoted columns and the five typed maps) back to attribute rows:
// the inverse of write/attribute-split.ts. Values come back exact; their order is promoted, str, int, dbl,
// bool, other.

import { parseAttributesJson, parseValueJson } from "@clew/codec";
import { type AttributeColumns, type ByteDictionary, ValueType } from "@clew/model";
import { promotedAttributes } from "../schema/promoted.ts";
import type { RowCursor } from "./row-binary.ts";

/** Columns that `readMaps` expects, in its order. */
export const MAP_COLUMNS = "str, int, dbl, bool, other";
/** Columns that `readPromoted` expects, in its order. */
export const PROMOTED_COLUMNS: string = promotedAttributes.map(({ column }) => column).join(", ");

/** Reads attribute values of one query's rows into the columns of one batch. */
export class AttributeRowReader {
  readonly #strings: ByteDictionary;
  readonly #promotedKeys: readonly number[];
  readonly #isText: readonly boolean[];

  constructor(strings: ByteDictionary) {
    this.#strings = strings;
    this.#promotedKeys = promotedAttributes.map(({ key }) => strings.internText(key));
    this.#isText = promotedAttributes.map(({ type }) => type === "string");
  }

  /** Dictionary id of the string at the cursor. */
  string(cursor: RowCursor): number {
    cursor.string();
    return this.#strings.intern(cursor.bytes, cursor.from, cursor.to);
  }

  readPromoted(cursor: RowCursor, into: AttributeColumns): void {
    for (let i = 0; i < this.#promotedKeys.length; i++) {
      if (this.#isText[i]) {
        const value = this.string(cursor);
        if (value !== 0) into.push(this.#promotedKeys[i] as number, ValueType.String, value, 0);
      } else {
        const value = cursor.uint16();
        if (value !== 0) into.push(this.#promotedKeys[i] as number, ValueType.Int, value, 0);
      }
    }
  }

  readMaps(cursor: RowCursor, into: AttributeColumns): void {
    for (let left = cursor.varint(); left > 0; left--) {
      const key = this.string(cursor);
      into.push(key, ValueType.String, this.string(cursor), 0);
    }
    this.#readWords(cursor, into, ValueType.Int);
    this.#readWords(cursor, into, ValueType.Double);
    for (let left = cursor.varint(); left > 0; left--) {
      const key = this.string(cursor);
      into.push(key, ValueType.Bool, cursor.uint8(), 0);
    }
    for (let left = cursor.varint(); left > 0; left--) {
      const key = this.string(cursor);
      this.pushTyped(into, key, cursor.text());
    }
  }

  /** Attributes of an event or a link: '' or the typed JSON of `renderAttributesJson`. */
  readJson(cursor: RowCursor, into: AttributeColumns): void {
    cursor.string();
    if (cursor.to > cursor.from) parseAttributesJson(decode(cursor), this.#strings, into);
  }

  /** Appends one row from the typed JSON of a value that has no map of its own. */
  pushTyped(into: AttributeColumns, key: number, text: string): void {
    if (text === "null") {
      into.push(key, ValueType.Empty, 0, 0);
      return;
    }
    if (text.startsWith('{"bytes":"')) {
      const bytes = Buffer.from(text.slice(10, -2), "base64");
      into.push(key, ValueType.Bytes, this.#strings.intern(bytes, 0, bytes.length), 0);
      return;
    }
    const message = parseValueJson(text);
    const type = message[0] === 0x2a ? ValueType.Array : ValueType.KvList; // AnyValue field 5 or 6
    into.push(key, type, this.#strings.intern(message, 0, message.length), 0);
  }

  #readWords(cursor: RowCursor, into: AttributeColumns, type: ValueType): void {
    for (let left = cursor.varint(); left > 0; left--) {
      const key = this.string(cursor);
      const low = cursor.uint32();
      into.push(key, type, low, cursor.uint32());
    }
  }
}

function decode(cursor: RowCursor): string {
  return Buffer.from(
    cursor.bytes.buffer,
    cursor.bytes.byteOffset + cursor.from,
    cursor.to - cursor.from,
  ).toString("utf8");
}
