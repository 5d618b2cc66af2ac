// A pull reader of JSON (RFC 8259) over UTF-8 bytes. It makes no objects: texts are ranges of bytes,
// 64-bit integers are two words. Objects and arrays are walked like this:
//   reader.openObject(what); while (reader.nextField(what)) { reader.textFrom..textTo is the name }
//   reader.openArray(what); while (reader.nextItem(what)) { read one value }
// Fields whose value is null are skipped by `nextField`: in protobuf's JSON they mean "not set".

import { ClewError } from "@clew/base";
import { parseDouble } from "./json-double.ts";
import { parseInteger } from "./json-integer.ts";
import { unescapeInto } from "./json-text.ts";

const NOTHING = new Uint8Array(0);
const QUOTE = 34;
const COMMA = 44;
const BACKSLASH = 92;

/** A cursor over JSON bytes. All methods throw ClewError `malformed_payload` naming the offset. */
export class JsonReader {
  bytes: Uint8Array = NOTHING;
  /** Offset of the next byte. */
  pos = 0;
  end = 0;
  /** Containers that may be open at once. */
  maxDepth = 256;
  /** The last text read is `text[textFrom .. textTo]`, unescaped; valid until the next text. */
  text: Uint8Array = NOTHING;
  textFrom = 0;
  textTo = 0;
  /** Words of the last integer or double read. */
  low = 0;
  high = 0;
  /** When set, `nextField` yields fields whose value is null too. */
  keepNulls = false;
  #depth = 0;
  #first = false;
  #scratch = new Uint8Array(256);

  /** Starts over on `bytes[from .. end]`. */
  reset(bytes: Uint8Array, from = 0, end: number = bytes.length): void {
    this.bytes =
      bytes.constructor === Uint8Array
        ? bytes
        : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.pos = from;
    this.end = end;
    this.#depth = 0;
    this.#first = false;
  }

  /** Lets go of the input. */
  release(): void {
    this.bytes = NOTHING;
    this.text = NOTHING;
    this.pos = 0;
    this.end = 0;
    if (this.#scratch.length > 65_536) this.#scratch = new Uint8Array(256);
  }

  /** The next byte that is not white space, which stays unread; -1 at the end. */
  peek(): number {
    const bytes = this.bytes;
    let pos = this.pos;
    while (pos < this.end) {
      const byte = bytes[pos] as number;
      if (byte > 32 || (byte !== 32 && byte !== 10 && byte !== 13 && byte !== 9)) {
        this.pos = pos;
        return byte;
      }
      pos++;
    }
    this.pos = pos;
    return -1;
  }

  /** Fails unless only white space is left. */
  finish(what: string): void {
    if (this.peek() !== -1) this.fail("text goes on after the end of the value", what);
  }

  openObject(what: string): void {
    this.#open(123, "an object", what);
  }

  openArray(what: string): void {
    this.#open(91, "an array", what);
  }

  /** Moves to the value of the next field and reads its name as text; false at the object's end. */
  nextField(what: string): boolean {
    for (;;) {
      const byte = this.peek();
      if (byte === 125) return this.#close();
      if (this.#first) this.#first = false;
      else if (byte === COMMA) this.pos++;
      else this.fail('expected "," or "}"', what);
      this.string(what);
      if (this.peek() !== 58) this.fail('expected ":"', what);
      this.pos++;
      if (this.peek() !== 110 || this.keepNulls) return true;
      this.#word("null", what);
    }
  }

  /** Moves to the next item of an array; false at its end. */
  nextItem(what: string): boolean {
    const byte = this.peek();
    if (byte === 93) return this.#close();
    if (this.#first) this.#first = false;
    else if (byte === COMMA) {
      this.pos++;
      if (this.peek() === 93) this.fail("expected a value", what);
    } else this.fail('expected "," or "]"', what);
    return true;
  }

  /** Reads a string into `text`. */
  string(what: string): void {
    if (this.peek() !== QUOTE) this.fail("expected a string", what);
    const bytes = this.bytes;
    const end = this.end;
    const from = this.pos + 1;
    let pos = from;
    while (pos < end) {
      const byte = bytes[pos] as number;
      if (byte === QUOTE) {
        this.text = bytes;
        this.textFrom = from;
        this.textTo = pos;
        this.pos = pos + 1;
        return;
      }
      if (byte === BACKSLASH) return this.#escaped(from, pos, what);
      if (byte < 32) {
        this.pos = pos;
        this.fail("control character in a string", what);
      }
      pos++;
    }
    this.pos = end;
    this.fail("string is not closed", what);
  }

  /** Reads true or false. */
  boolean(what: string): boolean {
    const byte = this.peek();
    if (byte === 116) this.#word("true", what);
    else if (byte === 102) this.#word("false", what);
    else this.fail("expected true or false", what);
    return byte === 116;
  }

  /** Reads null. */
  null(what: string): void {
    if (this.peek() !== 110) this.fail("expected null", what);
    this.#word("null", what);
  }

  /** Reads an unsigned 64-bit integer, a number or a string of digits, into `low` and `high`. */
  uint64(what: string): void {
    this.#integer(false, what);
  }

  /** Reads a signed 64-bit integer, a number or a string of digits, into `low` and `high`. */
  int64(what: string): void {
    this.#integer(true, what);
  }

  /** Reads an unsigned 32-bit integer, a number or a string of digits. */
  uint32(what: string): number {
    this.#integer(false, what);
    if (this.high !== 0) this.fail("number is larger than 32 bits", what);
    return this.low;
  }

  /** Reads an enum as OTLP wants it, as a number. Negative and huge numbers come back as -1. */
  enumNumber(what: string): number {
    if (this.peek() === QUOTE) this.fail("enums are numbers, not names", what);
    this.#integer(true, what);
    return this.high === 0 ? this.low : -1;
  }

  /** Reads a number, or one in a string, or "NaN", "Infinity", "-Infinity", as the bits of a double. */
  double(what: string): void {
    if (this.peek() === QUOTE) {
      this.string(what);
      if (!parseDouble(this, this.text, this.textFrom, this.textTo, true)) {
        this.fail("expected a number", what);
      }
      return;
    }
    const from = this.pos;
    this.skipNumber(what);
    if (!parseDouble(this, this.bytes, from, this.pos, false)) {
      this.fail("expected a number", what);
    }
  }

  /** Reads any value and forgets it. */
  skip(what: string): void {
    const byte = this.peek();
    if (byte === QUOTE) this.string(what);
    else if (byte === 123) {
      this.openObject(what);
      while (this.nextField(what)) this.skip(what);
    } else if (byte === 91) {
      this.openArray(what);
      while (this.nextItem(what)) this.skip(what);
    } else if (byte === 116 || byte === 102) this.boolean(what);
    else if (byte === 110) this.null(what);
    else this.skipNumber(what);
  }

  /** Reads a number by RFC 8259's grammar and forgets it. */
  skipNumber(what: string): void {
    if (this.peek() === 45) this.pos++;
    const leadsWithZero = this.#at() === 48;
    const from = this.pos;
    this.#digits(what);
    if (leadsWithZero && this.pos > from + 1) this.fail("number starts with 0", what);
    if (this.#at() === 46) {
      this.pos++;
      this.#digits(what);
    }
    if ((this.#at() | 32) === 101) {
      this.pos++;
      if (this.#at() === 43 || this.#at() === 45) this.pos++;
      this.#digits(what);
    }
  }

  /** Throws the error for the current offset. */
  fail(problem: string, what: string): never {
    throw new ClewError("malformed_payload", `JSON byte ${this.pos}, reading ${what}: ${problem}`);
  }

  #open(bracket: number, expected: string, what: string): void {
    if (this.peek() !== bracket) this.fail(`expected ${expected}`, what);
    if (++this.#depth > this.maxDepth) this.fail(`nested deeper than ${this.maxDepth}`, what);
    this.pos++;
    this.#first = true;
  }

  #close(): false {
    this.pos++;
    this.#depth--;
    this.#first = false;
    return false;
  }

  #integer(signed: boolean, what: string): void {
    let source = this.bytes;
    let from = this.pos;
    let to: number;
    if (this.peek() === QUOTE) {
      this.string(what);
      source = this.text;
      from = this.textFrom;
      to = this.textTo;
    } else {
      from = this.pos;
      this.skipNumber(what);
      to = this.pos;
    }
    if (!parseInteger(this, source, from, to, signed)) {
      this.fail(`expected ${signed ? "a signed" : "an unsigned"} 64-bit integer`, what);
    }
  }

  #at(): number {
    return this.pos < this.end ? (this.bytes[this.pos] as number) : -1;
  }

  #digits(what: string): void {
    const from = this.pos;
    for (let byte = this.#at(); byte >= 48 && byte <= 57; byte = this.#at()) this.pos++;
    if (this.pos === from) this.fail("expected a value", what);
  }

  #word(word: string, what: string): void {
    for (let i = 0; i < word.length; i++) {
      if (this.#at() !== word.charCodeAt(i)) this.fail(`expected ${word}`, what);
      this.pos++;
    }
  }

  #escaped(from: number, firstEscape: number, what: string): void {
    // Unescaping never makes a text longer, so the distance to its closing quote bounds it.
    let close = firstEscape;
    const bytes = this.bytes;
    while (close < this.end && bytes[close] !== QUOTE) close += bytes[close] === BACKSLASH ? 2 : 1;
    if (close >= this.end) {
      this.pos = this.end;
      this.fail("string is not closed", what);
    }
    if (this.#scratch.length < close - from) {
      this.#scratch = new Uint8Array(Math.max(close - from, this.#scratch.length * 2));
    }
    const length = unescapeInto(this.#scratch, bytes, from, close);
    if (length < 0) {
      this.pos = from;
      this.fail("bad escape or control character in a string", what);
    }
    this.text = this.#scratch;
    this.textFrom = 0;
    this.textTo = length;
    this.pos = close + 1;
  }
}
