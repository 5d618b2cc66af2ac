// Byte strings interned to small integers. Names, keys and values of spans repeat so much that a
// batch holds each distinct string once, as the UTF-8 bytes it arrived in: no JavaScript string is
// made while spans are taken in. Id 0 is always the empty string.

import { grown } from "@clew/base";
import { isUtf8 } from "./utf8.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

// Tabulation hashing with secret tables: a sender cannot prepare strings that share a hash slot,
// because it knows neither the tables nor the differences between their entries.
const TABLES = new Uint32Array(1024);
crypto.getRandomValues(TABLES);

// Slots of the recently-used cache that stands in front of the hash table.
const RECENT = 4096;
const NOTHING = new Uint8Array(0);

/** Interned byte strings; ids are dense, start at 0 (the empty string) and are stable until `clear`. */
export class ByteDictionary {
  /** All strings, one after another; string `i` is `bytes[offsets[i] .. offsets[i + 1]]`. */
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(4096);
  offsets: Uint32Array<ArrayBuffer> = new Uint32Array(256);
  size = 1;
  #slots: Uint32Array<ArrayBuffer> = new Uint32Array(512); // id + 1; 0 = free
  #hashes: Uint32Array<ArrayBuffer> = new Uint32Array(256);
  #texts: (string | undefined)[] = [];
  // A string's cheap fingerprint leads to the id that had it last. Bytes decide, so a fingerprint
  // that many strings share costs one failed comparison and is never wrong.
  #recent: Uint32Array<ArrayBuffer> = new Uint32Array(RECENT);
  // 1 for ids first seen as bytes and not known to be UTF-8.
  #unchecked: Uint8Array<ArrayBuffer> = new Uint8Array(256);
  #anyUnchecked = false;
  // Strings are compared and hashed four bytes at a time, which only a DataView can do unaligned.
  #view: DataView = new DataView(this.bytes.buffer);
  #source: Uint8Array = NOTHING;
  #sourceView: DataView = new DataView(NOTHING.buffer);

  /** Id of the bytes `source[start .. end]`, added if new. The bytes are copied. */
  intern(source: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (length === 0) return 0;
    if (source !== this.#source) this.#open(source);
    const view = this.#sourceView;
    const recent = fingerprint(view, start, length);
    const known = this.#recent[recent] as number;
    if (known !== 0 && this.#equals(known, view, start, length)) return known;
    const hash = hashOf(view, start, end);
    let id = this.#find(view, start, length, hash);
    if (id < 0) {
      id = this.#add(source, start, length, hash);
      this.#unchecked[id] = 1;
      this.#anyUnchecked = true;
    }
    this.#recent[recent] = id;
    return id;
  }

  /**
   * Id of the text whose UTF-8 bytes are `source[start .. end]`, added if new. Bytes that are not
   * UTF-8 are replaced by U+FFFD first; only strings new to the dictionary are checked.
   */
  internUtf8(source: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (length === 0) return 0;
    if (source !== this.#source) this.#open(source);
    const view = this.#sourceView;
    const recent = fingerprint(view, start, length);
    const known = this.#recent[recent] as number;
    if (
      known !== 0 &&
      this.#equals(known, view, start, length) &&
      !(this.#anyUnchecked && this.#unchecked[known] === 1)
    ) {
      return known;
    }
    const hash = hashOf(view, start, end);
    let id = this.#find(view, start, length, hash);
    if (id < 0) {
      if (!isUtf8(source, start, end)) return this.#internRepaired(source, start, end);
      id = this.#add(source, start, length, hash);
      this.#unchecked[id] = 0;
    } else if (this.#unchecked[id] === 1) {
      if (!isUtf8(source, start, end)) return this.#internRepaired(source, start, end);
      this.#unchecked[id] = 0;
    }
    this.#recent[recent] = id;
    return id;
  }

  /** Id of `text`, added if new. */
  internText(text: string): number {
    if (text.length === 0) return 0;
    const encoded = encoder.encode(text);
    return this.internUtf8(encoded, 0, encoded.length);
  }

  /** The bytes of string `id`: a view, valid until the next `intern`. */
  view(id: number): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(this.offsets[id], this.offsets[id + 1]);
  }

  /** Length in bytes of string `id`. */
  byteLength(id: number): number {
    return (this.offsets[id + 1] as number) - (this.offsets[id] as number);
  }

  /** String `id` as text; decoded once, then kept. */
  text(id: number): string {
    return (this.#texts[id] ??= decoder.decode(this.view(id)));
  }

  /** Forgets all strings but keeps the memory for the next batch. */
  clear(): void {
    this.size = 1;
    this.#slots.fill(0);
    this.#recent.fill(0);
    this.#anyUnchecked = false;
    this.#texts = [];
    this.release();
  }

  /** Lets go of the last `source` given to `intern`, which is otherwise held until the next one. */
  release(): void {
    this.#open(NOTHING);
  }

  /** Bytes of memory held. */
  get memoryBytes(): number {
    return (
      this.bytes.byteLength +
      this.offsets.byteLength +
      this.#slots.byteLength +
      this.#hashes.byteLength +
      this.#unchecked.byteLength +
      this.#recent.byteLength
    );
  }

  #internRepaired(source: Uint8Array, start: number, end: number): number {
    return this.internText(decoder.decode(source.subarray(start, end)));
  }

  #open(source: Uint8Array): void {
    this.#source = source;
    this.#sourceView = new DataView(source.buffer, source.byteOffset, source.byteLength);
  }

  #find(source: DataView, start: number, length: number, hash: number): number {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const entry = slots[slot] as number;
      if (entry === 0) return -1;
      const id = entry - 1;
      if (this.#hashes[id] === hash && this.#equals(id, source, start, length)) return id;
      slot = (slot + 1) & mask;
    }
  }

  #equals(id: number, source: DataView, start: number, length: number): boolean {
    const offsets = this.offsets;
    const from = offsets[id] as number;
    if ((offsets[id + 1] as number) - from !== length) return false;
    const view = this.#view;
    if (length < 4) {
      for (let i = 0; i < length; i++) {
        if (view.getUint8(from + i) !== source.getUint8(start + i)) return false;
      }
      return true;
    }
    // The last word overlaps the one before it unless the length is a multiple of four.
    const last = length - 4;
    for (let i = 0; i < last; i += 4) {
      if (view.getInt32(from + i, true) !== source.getInt32(start + i, true)) return false;
    }
    return view.getInt32(from + last, true) === source.getInt32(start + last, true);
  }

  #add(source: Uint8Array, start: number, length: number, hash: number): number {
    const id = this.size++;
    if (id + 2 > this.offsets.length) {
      this.offsets = grown(this.offsets, id + 2);
      this.#hashes = grown(this.#hashes, id + 2);
      this.#unchecked = grown(this.#unchecked, id + 2);
    }
    const from = this.offsets[id] as number;
    if (from + length > this.bytes.length) {
      this.bytes = grown(this.bytes, from + length);
      this.#view = new DataView(this.bytes.buffer);
    }
    const bytes = this.bytes;
    if (length > 256) bytes.set(source.subarray(start, start + length), from);
    else for (let i = 0; i < length; i++) bytes[from + i] = source[start + i] as number;
    this.offsets[id + 1] = from + length;
    this.#hashes[id] = hash;
    this.#place(id);
    if (this.size * 2 > this.#slots.length) this.#rehash();
    return id;
  }

  #place(id: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = (this.#hashes[id] as number) & mask;
    while (slots[slot] !== 0) slot = (slot + 1) & mask;
    slots[slot] = id + 1;
  }

  #rehash(): void {
    this.#slots = new Uint32Array(this.#slots.length * 2);
    for (let id = 1; id < this.size; id++) this.#place(id);
  }
}

// Samples both ends; every byte counts for strings of up to eight.
function fingerprint(source: DataView, start: number, length: number): number {
  let sample: number;
  if (length >= 4) {
    sample = Math.imul(source.getInt32(start, true), 0x85ebca6b);
    sample ^= source.getInt32(start + length - 4, true);
  } else {
    sample = source.getUint8(start) | (source.getUint8(start + length - 1) << 8);
    sample |= source.getUint8(start + (length >> 1)) << 16;
  }
  return Math.imul((sample ^ (sample >>> 15)) + length, 0x9e3779b1) >>> 20;
}

function hashOf(source: DataView, start: number, end: number): number {
  const tables = TABLES;
  let hash = (tables[(end - start) & 1023] as number) | 0;
  let i = start;
  for (; i + 4 <= end; i += 4) {
    const word = source.getInt32(i, true);
    const mixed =
      (tables[word & 255] as number) ^
      (tables[256 + ((word >>> 8) & 255)] as number) ^
      (tables[512 + ((word >>> 16) & 255)] as number) ^
      (tables[768 + (word >>> 24)] as number);
    hash = Math.imul(hash ^ mixed, 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  for (; i < end; i++) {
    hash = Math.imul(hash ^ (tables[source.getUint8(i)] as number), 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return hash >>> 0;
}
