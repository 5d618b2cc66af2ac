// Reads the sections written by section-writer.ts and checks what they claim.

import { ClewError } from "@clew/base";
import { checksum, HEADER_BYTES, MAGIC, padded, VERSION } from "./section-writer.ts";

/** A cursor over sections. All methods throw ClewError `malformed_payload`. */
export class SectionReader {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #words: Uint32Array<ArrayBuffer>;
  #pos = HEADER_BYTES;

  constructor(input: Uint8Array) {
    if (input.length < HEADER_BYTES || input.length % 8 !== 0) malformed("the buffer is cut off");
    // A copy is aligned and stays as it is while the batch uses it.
    this.#bytes = new Uint8Array(input);
    this.#words = new Uint32Array(this.#bytes.buffer);
    if (this.#words[0] !== MAGIC) malformed("not a columns buffer");
    if (this.#words[1] !== VERSION) malformed(`version ${this.#words[1]} is not known`);
    if (this.#words[2] !== input.length) malformed("the buffer is cut off");
    if (this.#words[3] !== checksum(this.#words)) malformed("the checksum does not match");
  }

  /** The next section, whose `count` elements are bytes. */
  bytes(count: number): Uint8Array<ArrayBuffer> {
    const start = this.#open(count, 1);
    return this.#bytes.subarray(start, start + count);
  }

  /** The next section, whose `count` elements are 32-bit words. */
  words(count: number): Uint32Array<ArrayBuffer> {
    const start = this.#open(count, 4);
    return this.#words.subarray(start / 4, start / 4 + count);
  }

  /** The next section, whose `count` elements are 32-bit floats. */
  floats(count: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.#bytes.buffer, this.#open(count, 4), count);
  }

  /** Words that must all be below `limit`. */
  indexes(count: number, limit: number): Uint32Array<ArrayBuffer> {
    const words = this.words(count);
    for (let i = 0; i < count; i++) if ((words[i] as number) >= limit) malformed("index too large");
    return words;
  }

  /** `count + 1` offsets that start at 0, never fall and end at `total`. */
  offsets(count: number, total: number): Uint32Array<ArrayBuffer> {
    const words = this.words(count + 1);
    if (words[0] !== 0 || words[count] !== total) malformed("offsets do not cover their rows");
    for (let i = 0; i < count; i++) {
      if ((words[i] as number) > (words[i + 1] as number)) malformed("offsets fall");
    }
    return words;
  }

  /** Bytes that must all be at most `limit`. */
  codes(count: number, limit: number): Uint8Array<ArrayBuffer> {
    const bytes = this.bytes(count);
    for (let i = 0; i < count; i++) if ((bytes[i] as number) > limit) malformed("code too large");
    return bytes;
  }

  /** Fails unless every section was read. */
  finish(): void {
    if (this.#pos !== this.#bytes.length) malformed("sections are left over");
  }

  #open(count: number, size: number): number {
    const start = this.#pos + 8;
    const byteLength = count * size;
    if (start > this.#bytes.length) malformed("a section is missing");
    if (this.#words[this.#pos / 4] !== byteLength || this.#words[this.#pos / 4 + 1] !== size) {
      malformed("a section has an unexpected size");
    }
    if (start + padded(byteLength) > this.#bytes.length) malformed("a section is cut off");
    this.#pos = start + padded(byteLength);
    return start;
  }
}

/** Throws the error for a damaged columns buffer. */
export function malformed(problem: string): never {
  throw new ClewError("malformed_payload", `span columns: ${problem}`);
}
