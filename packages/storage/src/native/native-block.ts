// ClickHouse's Native format, written column by column: one block is the number of columns, the number
// of rows, then each column's name, type and data. Shapes as in ClickHouse's ISerialization for files
// (no client revision): strings are LEB128 length + bytes, arrays are cumulative UInt64 offsets followed
// by the flat elements, maps are arrays of (key, value), and LowCardinality is a state prefix, a
// dictionary and indexes into it.

import { assert, grown } from "@clew/base";
import type { ByteDictionary } from "@clew/model";
import { BlockMemory } from "./block-memory.ts";
import type { ByteSink } from "./byte-sink.ts";

const LOW_CARDINALITY_VERSION = 1; // SharedDictionariesWithAdditionalKeys
const HAS_ADDITIONAL_KEYS = 0x200;
const NEEDS_DICTIONARY_UPDATE = 0x400;

type Words = Uint32Array<ArrayBufferLike>;

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
  readonly #memory: BlockMemory;
  readonly #from: number;
  #missing = 0;
  #rows = 0;
  // Columns of one nested structure share their offsets: where those written last lie in the sink.
  #writtenOffsets: Words | undefined;
  #writtenAt = 0;

  /**
   * `capacity`: bytes that the block will take, as a guess. The block is appended to the sink of
   * `memory`; one block at a time may use a memory.
   */
  constructor(strings: ByteDictionary, capacity: number, memory: BlockMemory = new BlockMemory()) {
    this.#strings = strings;
    this.#memory = memory;
    this.sink = memory.sink;
    this.#from = this.sink.length;
    this.sink.reserve(capacity);
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
    return this.sink.bytes.subarray(this.#from, this.sink.length);
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
    const size = count * 8;
    sink.reserve(size);
    const at = sink.length;
    const base = offsets[0] as number;
    if (offsets === this.#writtenOffsets) {
      sink.bytes.copyWithin(at, this.#writtenAt, this.#writtenAt + size);
    } else if (offsets[count] === base) {
      sink.bytes.fill(0, at, at + size);
    } else {
      const memory = this.#memory;
      memory.offsets = grown(memory.offsets, count * 2);
      const ends = memory.offsets;
      for (let row = 0; row < count; row++) ends[row * 2] = (offsets[row + 1] as number) - base;
      sink.bytes.set(new Uint8Array(ends.buffer, 0, size), at);
    }
    sink.length = at + size;
    this.#writtenOffsets = offsets;
    this.#writtenAt = at;
  }

  stringData(ids: Words, count: number): void {
    const { sink } = this;
    const { bytes, offsets } = this.#strings;
    let row = 0;
    while (row < count) {
      const id = ids[row] as number;
      if (id !== 0) {
        sink.string(bytes, offsets[id] as number, offsets[id + 1] as number);
        row++;
        continue;
      }
      const from = row++;
      while (row < count && ids[row] === 0) row++;
      sink.zeros(row - from); // lengths of empty strings
    }
  }

  lowCardinalityPrefix(): void {
    // Of a block without rows nothing is read but the headers.
    if (this.#rows > 0) this.sink.words(LOW_CARDINALITY_VERSION, 0);
  }

  lowCardinalityData(ids: Words, count: number): void {
    if (count === 0) return;
    const { sink } = this;
    const keys = this.#index(ids, count);
    const width = keys <= 256 ? 0 : keys <= 65536 ? 1 : 2;
    sink.words(HAS_ADDITIONAL_KEYS | NEEDS_DICTIONARY_UPDATE | width, 0);
    sink.uint64(keys);
    this.stringData(this.#memory.keys, keys);
    sink.uint64(count);
    if (width === 0) sink.append(this.#memory.narrow.subarray(0, count));
    else this.#writeWideIndexes(ids, count, 1 << width);
    this.#forgetIndexes(keys);
  }

  /** Makes the dictionary of a column and its one-byte indexes in one pass. Returns the number of keys. */
  #index(ids: Words, count: number): number {
    const memory = this.#memory;
    memory.reserve(count, this.#strings.size);
    const { indexes, narrow } = memory;
    let { keys } = memory;
    const first = ids[0] as number;
    keys[0] = first;
    indexes[first] = 1;
    let size = 1;
    // Many columns hold one value, or nothing, all the way down.
    let row = sameAsFirst(ids, count);
    narrow.fill(0, 0, row);
    for (;;) {
      row = putKnownIndexes(ids, row, count, indexes, narrow);
      if (row === count) return size;
      if (size === keys.length) keys = memory.keys = grown(keys, size + 1);
      const id = ids[row] as number;
      keys[size++] = id;
      indexes[id] = size;
    }
  }

  #writeWideIndexes(ids: Words, count: number, bytesWide: number): void {
    const { sink } = this;
    sink.reserve(count * bytesWide);
    const { bytes } = sink;
    const { indexes } = this.#memory;
    let at = sink.length;
    for (let row = 0; row < count; row++) {
      const index = (indexes[ids[row] as number] as number) - 1;
      bytes[at++] = index;
      bytes[at++] = index >>> 8;
      if (bytesWide === 2) continue;
      bytes[at++] = index >>> 16;
      bytes[at++] = index >>> 24;
    }
    sink.length = at;
  }

  #forgetIndexes(size: number): void {
    const { indexes, keys } = this.#memory;
    for (let key = 0; key < size; key++) indexes[keys[key] as number] = 0;
  }
}

// Two loops over every row of every such column: functions of their own, which V8 makes the best of.

/** How many ids at the start are equal. */
function sameAsFirst(ids: Words, count: number): number {
  const first = ids[0];
  let row = 1;
  while (row < count && ids[row] === first) row++;
  return row;
}

/** Writes index - 1 of each id from row `from` on, up to the first id without index; returns that row. */
function putKnownIndexes(
  ids: Words,
  from: number,
  count: number,
  indexes: Words,
  narrow: Uint8Array,
): number {
  for (let row = from; row < count; row++) {
    const index = indexes[ids[row] as number] as number;
    if (index === 0) return row;
    narrow[row] = index - 1;
  }
  return count;
}
