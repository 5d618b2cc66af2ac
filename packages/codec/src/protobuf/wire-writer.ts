// Writer of the protobuf wire format into one growing buffer. A nested message is written in place:
// `begin` leaves one byte for its length, `end` fills it in and makes room when it needs more.

const encoder = new TextEncoder();
const KEPT_BYTES = 1024 * 1024;

/** Appends protobuf fields to one buffer. */
export class WireWriter {
  bytes: Uint8Array<ArrayBuffer>;
  /** Bytes written so far. */
  length = 0;

  /** `capacity` is the first size of the buffer in bytes. */
  constructor(capacity = 256) {
    this.bytes = new Uint8Array(capacity);
  }

  /** Forgets what was written and keeps the memory, unless one large message made it large. */
  clear(): void {
    this.length = 0;
    if (this.bytes.length > KEPT_BYTES) this.bytes = new Uint8Array(256);
  }

  /** A copy of what was written. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.length);
  }

  /** Writes a tag and opens a length-delimited field. Returns the mark that `end` needs. */
  begin(tag: number): number {
    this.varint(tag);
    this.#reserve(1);
    return ++this.length;
  }

  /** Closes the field opened at `mark`. */
  end(mark: number): void {
    const size = this.length - mark;
    if (size < 0x80) {
      this.bytes[mark - 1] = size;
      return;
    }
    const extra = size < 0x4000 ? 1 : size < 0x200000 ? 2 : size < 0x10000000 ? 3 : 4;
    this.#reserve(extra);
    this.bytes.copyWithin(mark + extra, mark, this.length);
    const stop = this.length + extra;
    this.length = mark - 1;
    this.varint(size);
    this.length = stop;
  }

  /** Writes an unsigned varint of up to 32 bits, without a tag. */
  varint(value: number): void {
    this.#reserve(5);
    const bytes = this.bytes;
    let rest = value >>> 0;
    while (rest > 0x7f) {
      bytes[this.length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[this.length++] = rest;
  }

  /** Writes a 64-bit varint, without a tag. */
  varint64(low: number, high: number): void {
    this.#reserve(10);
    let lowRest = low >>> 0;
    let highRest = high >>> 0;
    while (highRest !== 0 || lowRest > 0x7f) {
      this.bytes[this.length++] = (lowRest & 0x7f) | 0x80;
      lowRest = ((lowRest >>> 7) | (highRest << 25)) >>> 0;
      highRest >>>= 7;
    }
    this.bytes[this.length++] = lowRest;
  }

  /** Writes a 32-bit number little-endian, without a tag. */
  fixed32(value: number): void {
    this.#reserve(4);
    const bytes = this.bytes;
    bytes[this.length++] = value & 0xff;
    bytes[this.length++] = (value >>> 8) & 0xff;
    bytes[this.length++] = (value >>> 16) & 0xff;
    bytes[this.length++] = value >>> 24;
  }

  /** Writes a varint field unless `value` is 0, protobuf's default. */
  uintField(tag: number, value: number): void {
    if (value === 0) return;
    this.varint(tag);
    this.varint(value);
  }

  /** Writes a fixed64 field unless it is 0. */
  fixed64Field(tag: number, low: number, high: number): void {
    if (low === 0 && high === 0) return;
    this.varint(tag);
    this.fixed32(low);
    this.fixed32(high);
  }

  /** Writes a length-delimited field, also when it is empty. */
  bytesField(tag: number, source: Uint8Array, from = 0, to: number = source.length): void {
    this.varint(tag);
    this.varint(to - from);
    this.raw(source, from, to);
  }

  /** Writes a text field, also when it is empty. */
  textField(tag: number, text: string): void {
    this.bytesField(tag, encoder.encode(text));
  }

  /** Writes bytes as they are. */
  raw(source: Uint8Array, from = 0, to: number = source.length): void {
    const count = to - from;
    this.#reserve(count);
    const bytes = this.bytes;
    if (count > 64) bytes.set(source.subarray(from, to), this.length);
    else for (let i = 0; i < count; i++) bytes[this.length + i] = source[from + i] as number;
    this.length += count;
  }

  #reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const larger = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    larger.set(this.bytes.subarray(0, this.length));
    this.bytes = larger;
  }
}
