// A growing byte buffer with ClickHouse's primitive encodings: little-endian fixed-width numbers and
// LEB128 lengths.

const encoder = new TextEncoder();

/** Append-only bytes; `view()` is what has been written. */
export class ByteSink {
  bytes: Uint8Array<ArrayBuffer>;
  length = 0;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
  }

  /** Makes room for `count` more bytes; callers that write to `bytes` directly call this first. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  /** LEB128, for values below 2^32. */
  varint(value: number): void {
    this.reserve(5);
    let rest = value;
    while (rest >= 128) {
      this.bytes[this.length++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.bytes[this.length++] = rest;
  }

  /** An unsigned integer below 2^53 as 64 bits. */
  uint64(value: number): void {
    this.words(value >>> 0, Math.floor(value / 4294967296));
  }

  /** A 64-bit value given as two 32-bit words. */
  words(low: number, high: number): void {
    this.reserve(8);
    const { bytes } = this;
    let at = this.length;
    bytes[at++] = low;
    bytes[at++] = low >>> 8;
    bytes[at++] = low >>> 16;
    bytes[at++] = low >>> 24;
    bytes[at++] = high;
    bytes[at++] = high >>> 8;
    bytes[at++] = high >>> 16;
    bytes[at++] = high >>> 24;
    this.length = at;
  }

  /** `count` zero bytes. */
  zeros(count: number): void {
    this.reserve(count);
    const { length } = this;
    if (count < 32) for (let i = 0; i < count; i++) this.bytes[length + i] = 0;
    else this.bytes.fill(0, length, length + count);
    this.length = length + count;
  }

  /** Raw bytes of a typed-array column, `count` elements from the start. */
  column(
    array: Uint8Array | Uint16Array | Uint32Array | BigUint64Array | Float32Array | Float64Array,
    count: number,
  ): void {
    this.append(new Uint8Array(array.buffer, array.byteOffset, count * array.BYTES_PER_ELEMENT));
  }

  append(source: Uint8Array): void {
    this.reserve(source.length);
    this.bytes.set(source, this.length);
    this.length += source.length;
  }

  /** Length-prefixed bytes `source[start .. end]`; short strings are copied by hand, which is faster than `set`. */
  string(source: Uint8Array, start: number, end: number): void {
    const size = end - start;
    this.reserve(size + 5);
    if (size < 128) this.bytes[this.length++] = size;
    else this.varint(size);
    if (size < 48) {
      const { bytes } = this;
      let at = this.length;
      for (let i = start; i < end; i++) bytes[at++] = source[i] as number;
      this.length = at;
    } else {
      this.reserve(size);
      this.bytes.set(source.subarray(start, end), this.length);
      this.length += size;
    }
  }

  text(value: string): void {
    const encoded = encoder.encode(value);
    this.string(encoded, 0, encoded.length);
  }

  view(): Uint8Array<ArrayBuffer> {
    return this.bytes.subarray(0, this.length);
  }

  clear(): void {
    this.length = 0;
  }
}
