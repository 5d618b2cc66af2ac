// ClickHouse's Native format, written column by column: one block is the number of columns, the number
// of rows, then each column's name, type and data. Shapes as in ClickHouse's ISerialization for files
// (no client revision): strings are LEB128 length + bytes, arrays are cumulative UInt64 offsets followed
// by the flat elements, maps are arrays of (key, value), and LowCardinality is a state prefix, a
// dictionary and indexes into it.

import { assert } from "@clew/base";
import type { ByteDictionary } from "@clew/model";
import { ByteSink } from "./byte-sink.ts";

const LOW_CARDINALITY_VERSION = 1; // SharedDictionariesWithAdditionalKeys
const HAS_ADDITIONAL_KEYS = 0x200;
const NEEDS_DICTIONARY_UPDATE = 0x400;

type Words = Uint32Array<ArrayBufferLike>;

/** Types of the enumerations as schema/tables.ts declares them. */
export const KIND_TYPE =
  "Enum8('unspecified' = 0, 'internal' = 1, 'server' = 2, 'client' = 3, 'producer' = 4, 'consumer' = 5)";
export const STATUS_TYPE = "Enum8('unset' = 0, 'ok' = 1, 'error' = 2)";

/** Entries of a Map(UInt16, Float64) column: row `i` holds `offsets[i] .. offsets[i + 1]`. */
export interface HistogramEntries {
  readonly offsets: Uint32Array<ArrayBuffer>;
  readonly buckets: Uint16Array<ArrayBuffer>;
  readonly weights: Float64Array<ArrayBuffer>;
}

/** Writes one block of the Native format. Columns come in any order; each must have `rows` rows. */
export class NativeBlock {
  readonly sink: ByteSink;
  readonly #strings: ByteDictionary;
  // Batch-wide string id -> index in the current column's dictionary; valid where the stamp is current.
  #stamps: Uint32Array<ArrayBuffer>;
  #indexes: Uint32Array<ArrayBuffer>;
  #stamp = 0;
  #missing = 0;
  #rows = 0;
  #keys: Uint32Array<ArrayBuffer> = new Uint32Array(1024);

  constructor(strings: ByteDictionary, capacity: number) {
    this.sink = new ByteSink(capacity);
    this.#strings = strings;
    this.#stamps = new Uint32Array(strings.size);
    this.#indexes = new Uint32Array(strings.size);
  }

  /** Starts the block; exactly `columns` headers must follow. */
  begin(columns: number, rows: number): void {
    this.sink.varint(columns);
    this.sink.varint(rows);
    this.#missing = columns;
    this.#rows = rows;
  }

  /** The finished block: a view of the sink's bytes. */
  end(): Uint8Array<ArrayBuffer> {
    assert(this.#missing === 0, `native block is ${this.#missing} columns short of its header`);
    return this.sink.view();
  }

  header(name: string, type: string): void {
    this.#missing--;
    this.sink.text(name);
    this.sink.text(type);
  }

  /** A fixed-width column straight from a typed array; `count` is in elements of the array. */
  fixed(
    name: string,
    type: string,
    array: Uint8Array | Uint16Array | Uint32Array | BigUint64Array | Float32Array | Float64Array,
    count: number,
  ): void {
    this.header(name, type);
    this.sink.column(array, count);
  }

  /** A String column from dictionary ids. */
  strings(name: string, ids: Words, count: number): void {
    this.header(name, "String");
    this.stringData(ids, count);
  }

  /** A LowCardinality(String) column from dictionary ids. */
  lowCardinality(name: string, ids: Words, count: number): void {
    this.header(name, "LowCardinality(String)");
    this.lowCardinalityPrefix();
    this.lowCardinalityData(ids, count);
  }

  /** 64-bit integers from whole doubles below 2^63 in size; not negative. */
  wholeNumbers(name: string, type: "UInt64" | "Int64", values: Float64Array, count: number): void {
    this.header(name, type);
    this.sink.reserve(count * 8);
    for (let row = 0; row < count; row++) this.sink.uint64(values[row] as number);
  }

  /** A DateTime64(0, 'UTC') column from steps (minutes, hours) since 1970. */
  seconds(name: string, steps: Words, secondsPerStep: number, count: number): void {
    this.header(name, "DateTime64(0, 'UTC')");
    for (let row = 0; row < count; row++) this.sink.uint64((steps[row] as number) * secondsPerStep);
  }

  histogram(name: string, entries: HistogramEntries, count: number): void {
    const total = entries.offsets[count] as number;
    this.header(name, "Map(UInt16, Float64)");
    this.arrayOffsets(entries.offsets, count);
    this.sink.column(entries.buckets, total);
    this.sink.column(entries.weights, total);
  }

  /** An array column's header and offsets; the flat elements follow. */
  arrayHeader(name: string, element: string, offsets: Words, count: number): void {
    this.header(name, `Array(${element})`);
    this.arrayOffsets(offsets, count);
  }

  /** Cumulative array offsets: `ends[i]` is where row `i` ends, given by `offsets[i + 1] - offsets[0]`. */
  arrayOffsets(offsets: Words, count: number): void {
    const { sink } = this;
    const base = offsets[0] as number;
    sink.reserve(count * 8);
    for (let row = 1; row <= count; row++) sink.words((offsets[row] as number) - base, 0);
  }

  stringData(ids: Words, count: number): void {
    const { sink } = this;
    const { bytes, offsets } = this.#strings;
    for (let row = 0; row < count; row++) {
      const id = ids[row] as number;
      sink.string(bytes, offsets[id] as number, offsets[id + 1] as number);
    }
  }

  lowCardinalityPrefix(): void {
    // Of a block without rows nothing is read but the headers.
    if (this.#rows > 0) this.sink.words(LOW_CARDINALITY_VERSION, 0);
  }

  lowCardinalityData(ids: Words, count: number): void {
    if (count === 0) return;
    const keys = this.#dictionaryOf(ids, count);
    const { sink } = this;
    const width = keys <= 256 ? 0 : keys <= 65536 ? 1 : 2;
    sink.words(HAS_ADDITIONAL_KEYS | NEEDS_DICTIONARY_UPDATE | width, 0);
    sink.uint64(keys);
    this.stringData(this.#keys, keys);
    sink.uint64(count);
    this.#writeIndexes(ids, count, width);
  }

  #dictionaryOf(ids: Words, count: number): number {
    if (this.#stamps.length < this.#strings.size) {
      this.#stamps = new Uint32Array(this.#strings.size);
      this.#indexes = new Uint32Array(this.#strings.size);
      this.#stamp = 0;
    }
    const stamp = ++this.#stamp;
    const stamps = this.#stamps;
    const indexes = this.#indexes;
    let keys = 0;
    for (let row = 0; row < count; row++) {
      const id = ids[row] as number;
      if (stamps[id] === stamp) continue;
      stamps[id] = stamp;
      indexes[id] = keys;
      if (keys >= this.#keys.length) {
        const larger = new Uint32Array(this.#keys.length * 2);
        larger.set(this.#keys);
        this.#keys = larger;
      }
      this.#keys[keys++] = id;
    }
    return keys;
  }

  #writeIndexes(ids: Words, count: number, width: number): void {
    const { sink } = this;
    sink.reserve(count << width);
    const { bytes } = sink;
    const indexes = this.#indexes;
    let at = sink.length;
    if (width === 0) {
      for (let row = 0; row < count; row++) bytes[at++] = indexes[ids[row] as number] as number;
    } else {
      const bytesWide = 1 << width;
      for (let row = 0; row < count; row++) {
        let index = indexes[ids[row] as number] as number;
        for (let i = 0; i < bytesWide; i++) {
          bytes[at++] = index;
          index >>>= 8;
        }
      }
    }
    sink.length = at;
  }
}
