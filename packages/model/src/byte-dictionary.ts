// Byte strings interned to small integers. Names, keys and values of spans repeat so much that a
// batch holds each distinct string once, as the UTF-8 bytes it arrived in: no JavaScript string is
// made while spans are taken in. Id 0 is always the empty string.

import { grown } from "@clew/base";

const decoder = new TextDecoder("utf-8");
const encoder = new TextEncoder();

// A seed per process keeps a sender from preparing strings that all fall into one hash slot.
const SEED = (Math.random() * 0x7fffffff) | 0;

/** Interned byte strings; ids are dense, start at 0 (the empty string) and are stable until `clear`. */
export class ByteDictionary {
  /** All strings, one after another; string `i` is `bytes[offsets[i] .. offsets[i + 1]]`. */
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(4096);
  offsets: Uint32Array<ArrayBuffer> = new Uint32Array(256);
  size = 1;
  #slots: Uint32Array<ArrayBuffer> = new Uint32Array(512); // id + 1; 0 = free
  #hashes: Uint32Array<ArrayBuffer> = new Uint32Array(256);
  #texts: (string | undefined)[] = [];

  /** Id of the bytes `source[start .. end]`, added if new. The bytes are copied. */
  intern(source: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (length === 0) return 0;
    let hash = SEED ^ length;
    for (let i = start; i < end; i++) hash = Math.imul(hash ^ (source[i] as number), 0x01000193);
    hash = (hash ^ (hash >>> 15)) >>> 0;
    const mask = this.#slots.length - 1;
    let slot = hash & mask;
    for (;;) {
      const entry = this.#slots[slot] as number;
      if (entry === 0) return this.#add(source, start, length, hash, slot);
      const id = entry - 1;
      if (this.#hashes[id] === hash && this.#equals(id, source, start, length)) return id;
      slot = (slot + 1) & mask;
    }
  }

  /** Id of `text`, added if new. */
  internText(text: string): number {
    if (text.length === 0) return 0;
    const encoded = encoder.encode(text);
    return this.intern(encoded, 0, encoded.length);
  }

  /** The bytes of string `id`: a view, valid until the next `intern`. */
  view(id: number): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(this.offsets[id] as number, this.offsets[id + 1] as number);
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
    this.#texts = [];
  }

  /** Bytes of memory held. */
  get memoryBytes(): number {
    return (
      this.bytes.byteLength + this.offsets.byteLength + this.#slots.byteLength + this.#hashes.byteLength
    );
  }

  #equals(id: number, source: Uint8Array, start: number, length: number): boolean {
    const from = this.offsets[id] as number;
    if ((this.offsets[id + 1] as number) - from !== length) return false;
    const bytes = this.bytes;
    for (let i = 0; i < length; i++) if (bytes[from + i] !== source[start + i]) return false;
    return true;
  }

  #add(source: Uint8Array, start: number, length: number, hash: number, slot: number): number {
    const id = this.size++;
    this.offsets = grown(this.offsets, id + 2);
    this.#hashes = grown(this.#hashes, id + 1);
    const from = this.offsets[id] as number;
    this.bytes = grown(this.bytes, from + length);
    const bytes = this.bytes;
    for (let i = 0; i < length; i++) bytes[from + i] = source[start + i] as number;
    this.offsets[id + 1] = from + length;
    this.#hashes[id] = hash;
    this.#slots[slot] = id + 1;
    if (this.size * 2 > this.#slots.length) this.#rehash();
    return id;
  }

  #rehash(): void {
    const slots = new Uint32Array(this.#slots.length * 2);
    const mask = slots.length - 1;
    for (let id = 1; id < this.size; id++) {
      let slot = (this.#hashes[id] as number) & mask;
      while (slots[slot] !== 0) slot = (slot + 1) & mask;
      slots[slot] = id + 1;
    }
    this.#slots = slots;
  }
}
