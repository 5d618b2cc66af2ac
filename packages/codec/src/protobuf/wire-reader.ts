// Reader of the protobuf wire format (protobuf.dev/programming-guides/encoding). Every read is
// checked against the end of the message it is in; 64-bit numbers come as two 32-bit words.

import { ClewError } from "@clew/base";

const NOTHING = new Uint8Array(0);

export const WireType = { Varint: 0, Fixed64: 1, Bytes: 2, Fixed32: 5 } as const;

/** A cursor over protobuf bytes. All methods throw ClewError `malformed_payload` naming the offset. */
export class WireReader {
  bytes: Uint8Array<ArrayBufferLike> = NOTHING;
  /** The same bytes, for reads of several at once. */
  view: DataView = new DataView(NOTHING.buffer);
  /** Offset of the next byte. */
  pos = 0;
  /** Low word of the last 64-bit read. */
  low = 0;
  /** High word of the last 64-bit read. */
  high = 0;

  /** Starts over at the first byte of `bytes`. */
  reset(bytes: Uint8Array): void {
    // Subclasses such as Node's Buffer would make every access below polymorphic.
    this.bytes =
      bytes.constructor === Uint8Array
        ? bytes
        : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.pos = 0;
  }

  /** Lets go of the input. */
  release(): void {
    this.bytes = NOTHING;
    this.view = new DataView(NOTHING.buffer);
    this.pos = 0;
  }

  /** Reads a field tag: `field number << 3 | wire type`. */
  tag(end: number, what: string): number {
    const first = this.pos < end ? (this.bytes[this.pos] as number) : 0;
    if (first >= 8 && first < 0x80) {
      this.pos++;
      return first;
    }
    return this.#longTag(end, what);
  }

  /** Reads the length of a length-delimited field and returns the offset where the field ends. */
  block(end: number, what: string): number {
    const length = this.pos < end ? (this.bytes[this.pos] as number) : 0x80;
    if (length >= 0x80) return this.#longBlock(end, what);
    const stop = ++this.pos + length;
    if (stop > end) this.fail(`needs ${length} bytes but its message ends before`, what);
    return stop;
  }

  /** Reads a varint of up to 64 bits into `low` and `high`; returns the low word, unsigned. */
  varint(end: number, what: string): number {
    const bytes = this.bytes;
    let pos = this.pos;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (pos >= end) this.fail("varint is cut off", what);
      const byte = bytes[pos++] as number;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else high |= bits << (shift - 32);
      if (byte < 0x80) {
        if (shift === 63 && byte > 1) this.fail("varint has more than 64 bits", what);
        this.pos = pos;
        this.high = high >>> 0;
        this.low = low >>> 0;
        return this.low;
      }
    }
    return this.fail("varint is longer than 10 bytes", what);
  }

  /** Reads a fixed64 into `low` and `high`. */
  fixed64(end: number, what: string): void {
    const pos = this.pos;
    if (pos + 8 > end) this.fail("fixed64 is cut off", what);
    this.low = this.view.getUint32(pos, true);
    this.high = this.view.getUint32(pos + 4, true);
    this.pos = pos + 8;
  }

  /** Reads a fixed64 into words `row * 2` and `row * 2 + 1` of a column. */
  fixed64Into(column: Uint32Array, row: number, end: number, what: string): void {
    const pos = this.pos;
    if (pos + 8 > end) this.fail("fixed64 is cut off", what);
    column[row * 2] = this.view.getInt32(pos, true);
    column[row * 2 + 1] = this.view.getInt32(pos + 4, true);
    this.pos = pos + 8;
  }

  /** Reads a fixed32, unsigned. */
  fixed32(end: number, what: string): number {
    const pos = this.pos;
    if (pos + 4 > end) this.fail("fixed32 is cut off", what);
    this.pos = pos + 4;
    return this.view.getUint32(pos, true);
  }

  /**
   * Skips the value of a field that the reader's message does not use. `known` has bit `n` set when
   * field `n` is one the message does use: then the tag's wire type was wrong.
   */
  skip(tag: number, end: number, known: number, what: string): void {
    const field = tag >>> 3;
    const type = tag & 7;
    if (field < 32 && ((known >>> field) & 1) === 1) {
      this.fail(`field ${field} has wire type ${type}`, what);
    }
    if (type === WireType.Varint) this.varint(end, what);
    else if (type === WireType.Fixed64) this.fixed64(end, what);
    else if (type === WireType.Bytes) this.pos = this.block(end, what);
    else if (type === WireType.Fixed32) this.fixed32(end, what);
    else this.fail(`field ${field} has wire type ${type}, which is not supported`, what);
  }

  /** Throws the error for the current offset. */
  fail(problem: string, what: string): never {
    throw new ClewError(
      "malformed_payload",
      `protobuf byte ${this.pos}, reading ${what}: ${problem}`,
    );
  }

  #longTag(end: number, what: string): number {
    const tag = this.varint(end, what);
    if (this.high !== 0 || tag < 8) this.fail("field number is out of range", what);
    return tag;
  }

  #longBlock(end: number, what: string): number {
    const length = this.varint(end, what);
    if (this.high !== 0 || this.pos + length > end) {
      this.fail("length reaches beyond the end of its message", what);
    }
    return this.pos + length;
  }
}

/** The little-endian 32-bit word at `pos`, unsigned. */
export function wordAt(bytes: Uint8Array, pos: number): number {
  return (
    ((bytes[pos] as number) |
      ((bytes[pos + 1] as number) << 8) |
      ((bytes[pos + 2] as number) << 16) |
      ((bytes[pos + 3] as number) << 24)) >>>
    0
  );
}
