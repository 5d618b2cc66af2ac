// Attributes as columns: one row an attribute, in the order the sender gave them. Spans, events,
// links, resources, scopes and log records point into one such table by row ranges.

import { grown } from "@clew/base";

/** Type of an attribute value, OTLP AnyValue's cases. */
export const ValueType = {
  Empty: 0,
  String: 1,
  Int: 2,
  Double: 3,
  Bool: 4,
  Bytes: 5,
  /** ArrayValue: the slot holds the id of the AnyValue's own protobuf bytes. */
  Array: 6,
  /** KeyValueList: the slot holds the id of the AnyValue's own protobuf bytes. */
  KvList: 7,
} as const;
export type ValueType = (typeof ValueType)[keyof typeof ValueType];

/**
 * Attribute rows. `slots` holds two little-endian 32-bit words a row:
 * - String, Bytes: dictionary id of the UTF-8 text or of the bytes, 0
 * - Array, KvList: dictionary id of the whole AnyValue message in protobuf, 0
 * - Int: the 64-bit two's complement, low word first
 * - Double: the IEEE 754 bits, low word first
 * - Bool: 0 or 1, 0
 * - Empty: 0, 0
 */
export class AttributeColumns {
  length = 0;
  keys: Uint32Array<ArrayBuffer> = new Uint32Array(256);
  types: Uint8Array<ArrayBuffer> = new Uint8Array(256);
  slots: Uint32Array<ArrayBuffer> = new Uint32Array(512);
  #doubles: Float64Array<ArrayBuffer> | undefined;

  /** Appends one row. `low` and `high` are the words described above. */
  push(key: number, type: ValueType, low: number, high: number): void {
    const row = this.length++;
    if (row >= this.keys.length) this.#grow(row + 1);
    this.keys[row] = key;
    this.types[row] = type;
    this.slots[row * 2] = low;
    this.slots[row * 2 + 1] = high;
  }

  /** Drops every row from `length` on: the undo of a rejected record. */
  truncate(length: number): void {
    this.length = length;
  }

  clear(): void {
    this.length = 0;
  }

  /** Value of an Int row, exact. */
  int(row: number): bigint {
    const unsigned =
      (BigInt(this.slots[row * 2 + 1] as number) << 32n) | BigInt(this.slots[row * 2] as number);
    return BigInt.asIntN(64, unsigned);
  }

  /** Value of a Double row. */
  double(row: number): number {
    if (this.#doubles?.buffer !== this.slots.buffer)
      this.#doubles = new Float64Array(this.slots.buffer);
    return this.#doubles[row] as number;
  }

  get memoryBytes(): number {
    return this.keys.byteLength + this.types.byteLength + this.slots.byteLength;
  }

  #grow(needed: number): void {
    this.keys = grown(this.keys, needed);
    this.types = grown(this.types, needed);
    this.slots = grown(this.slots, needed * 2);
  }
}
