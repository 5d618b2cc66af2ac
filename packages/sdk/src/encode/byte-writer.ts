// Bytes of protobuf fields in one growing buffer, tuned for what spans are made of: short ASCII strings and
// fixed 64-bit times. Lengths of nested messages are filled in afterwards.

const LONG_TEXT = 40;
const TWO_32 = 2 ** 32;

/** Values of hex digits by their character codes. */
const DIGITS = new Uint8Array(128);
for (let i = 0; i < 16; i++) DIGITS[i.toString(16).charCodeAt(0)] = i;

/** An append-only buffer of protobuf fields. */
export class ByteWriter {
  bytes: Buffer;
  length = 0;

  /** `capacity` is the first size in bytes. */
  constructor(capacity: number) {
    this.bytes = Buffer.allocUnsafeSlow(capacity);
  }

  /** Makes room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.bytes.length * 2));
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }

  /** Appends a byte; the caller has reserved it. */
  byte(value: number): void {
    this.bytes[this.length++] = value;
  }

  /** Appends an unsigned varint below 2^53. */
  varint(value: number): void {
    this.reserve(10);
    let rest = value;
    while (rest > 0x7f) {
      this.bytes[this.length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    this.bytes[this.length++] = rest;
  }

  /** Appends a 64-bit varint in two's complement, as protobuf's int64. */
  varint64(low: number, high: number): void {
    this.reserve(10);
    let lowRest = low >>> 0;
    let highRest = high >>> 0;
    while (highRest !== 0 || lowRest > 0x7f) {
      this.bytes[this.length++] = (lowRest & 0x7f) | 0x80;
      lowRest = ((lowRest >>> 7) | (highRest << 25)) >>> 0;
      highRest >>>= 7;
    }
    this.bytes[this.length++] = lowRest;
  }

  /** Appends 32 bits, little-endian. */
  fixed32(value: number): void {
    this.reserve(4);
    const { bytes, length } = this;
    bytes[length] = value;
    bytes[length + 1] = value >>> 8;
    bytes[length + 2] = value >>> 16;
    bytes[length + 3] = value >>> 24;
    this.length = length + 4;
  }

  /** Appends a double. */
  double(value: number): void {
    this.reserve(8);
    this.length = this.bytes.writeDoubleLE(value, this.length);
  }

  /** Appends wall-clock nanoseconds as fixed64, from milliseconds and an offset in milliseconds. */
  nanos(ms: number, offsetMs: number): void {
    const base = Math.floor(offsetMs);
    const whole = Math.floor(ms);
    const rest = Math.round((offsetMs - base + (ms - whole)) * 1e6);
    // (base + whole) * 1e6 exceeds 2^53: it is computed as high * 2^20 + low, both exact.
    const total = base + whole;
    const top = Math.floor(total / 0x100000) * 1e6;
    const low = (total % 0x100000) * 1e6 + rest + (top % 4096) * 0x100000;
    this.fixed32(low % TWO_32);
    this.fixed32(Math.floor(top / 4096) + Math.floor(low / TWO_32));
  }

  /** Appends the bytes of `count` hex digits of `text`; digits that are none count as 0. */
  hex(text: string, count: number): void {
    this.reserve(count >> 1);
    const { bytes } = this;
    let at = this.length;
    for (let i = 0; i < count; i += 2) {
      bytes[at++] =
        ((DIGITS[text.charCodeAt(i)] as number) << 4) | (DIGITS[text.charCodeAt(i + 1)] as number);
    }
    this.length = at;
  }

  /** Appends length and UTF-8 bytes of `text`. */
  text(text: string): void {
    const count = text.length;
    if (count > LONG_TEXT) {
      this.#longText(text);
      return;
    }
    this.reserve(count + 1);
    const { bytes, length: start } = this;
    bytes[start] = count;
    for (let i = 0; i < count; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) {
        this.#longText(text);
        return;
      }
      bytes[start + 1 + i] = code;
    }
    this.length = start + 1 + count;
  }

  /**
   * Appends a KeyValue of two short ASCII texts in one go, as most attributes are; false, and nothing, when
   * they are not.
   */
  textPair(tag: number, key: string, value: string): boolean {
    const keys = key.length;
    const values = value.length;
    if (keys > LONG_TEXT || values > LONG_TEXT) return false;
    this.reserve(keys + values + 8);
    const { bytes } = this;
    let at = this.length;
    bytes[at++] = tag;
    bytes[at++] = keys + values + 6;
    bytes[at++] = 0x0a;
    bytes[at++] = keys;
    for (let i = 0; i < keys; i++) {
      const code = key.charCodeAt(i);
      if (code > 0x7f) return false;
      bytes[at++] = code;
    }
    bytes[at++] = 0x12;
    bytes[at++] = values + 2;
    bytes[at++] = 0x0a;
    bytes[at++] = values;
    for (let i = 0; i < values; i++) {
      const code = value.charCodeAt(i);
      if (code > 0x7f) return false;
      bytes[at++] = code;
    }
    this.length = at;
    return true;
  }

  #longText(text: string): void {
    const count = Buffer.byteLength(text);
    this.varint(count);
    this.reserve(count);
    this.bytes.write(text, this.length);
    this.length += count;
  }

  /** Appends bytes as they are. */
  raw(source: Uint8Array): void {
    this.reserve(source.length);
    this.bytes.set(source, this.length);
    this.length += source.length;
  }

  /** Opens a message of unknown size after its tag byte; returns the mark that `end` needs. */
  begin(tag: number): number {
    this.reserve(2);
    this.bytes[this.length++] = tag;
    return ++this.length;
  }

  /** Closes the message opened at `mark`. */
  end(mark: number): void {
    const size = this.length - mark;
    if (size < 0x80) {
      this.bytes[mark - 1] = size;
      return;
    }
    const extra = size < 0x4000 ? 1 : size < 0x200000 ? 2 : 3;
    this.reserve(extra);
    this.bytes.copyWithin(mark + extra, mark, this.length);
    const stop = this.length + extra;
    this.length = mark - 1;
    this.varint(size);
    this.length = stop;
  }

  /** A copy of what was written; the writer starts over with the same memory. */
  take(): Buffer {
    const copy = Buffer.from(this.bytes.subarray(0, this.length));
    this.length = 0;
    return copy;
  }
}
