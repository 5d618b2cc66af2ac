// Layout of the columns format, version 1, all little-endian:
//   bytes 0-3   magic "CLWC"
//   bytes 4-7   version
//   bytes 8-11  total length in bytes
//   bytes 12-15 checksum of everything after byte 16
//   then sections, each: u32 length in bytes, u32 element size, data padded to 8 bytes.
// Sections have no names: writer and reader go through the same list in the same order.

export const MAGIC = 0x43574c43;
export const VERSION = 1;
export const HEADER_BYTES = 16;

type Column = Uint8Array | Uint32Array | Float32Array;

/** Appends sections to one growing buffer. */
export class SectionWriter {
  #bytes = new Uint8Array(65_536);
  #length = HEADER_BYTES;

  /** Writes the first `count` elements of `column`. */
  column(column: Column, count: number): void {
    const size = column.BYTES_PER_ELEMENT;
    const byteLength = count * size;
    const start = this.#reserve(8 + padded(byteLength));
    const words = new Uint32Array(this.#bytes.buffer, start, 2);
    words[0] = byteLength;
    words[1] = size;
    this.#bytes.set(new Uint8Array(column.buffer, column.byteOffset, byteLength), start + 8);
  }

  /** Writes numbers of 32 bits. */
  numbers(...values: number[]): void {
    this.column(Uint32Array.from(values), values.length);
  }

  /** The whole buffer, with its header. */
  finish(): Uint8Array<ArrayBuffer> {
    const bytes = this.#bytes.slice(0, this.#length);
    const words = new Uint32Array(bytes.buffer);
    words[0] = MAGIC;
    words[1] = VERSION;
    words[2] = bytes.length;
    words[3] = checksum(words);
    return bytes;
  }

  #reserve(count: number): number {
    const start = this.#length;
    this.#length += count;
    if (this.#length > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(this.#length, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, start));
      this.#bytes = larger;
    }
    return start;
  }
}

/** Bytes a section's data takes, padding included. */
export function padded(byteLength: number): number {
  return Math.ceil(byteLength / 8) * 8;
}

/** Checksum of all words after the header; any change of a single word changes it. */
export function checksum(words: Uint32Array): number {
  let sum = 0x9e3779b1;
  for (let i = HEADER_BYTES / 4; i < words.length; i++) {
    sum = Math.imul(sum ^ (words[i] as number), 0x85ebca6b);
    sum = (sum << 13) | (sum >>> 19);
  }
  return sum >>> 0;
}
