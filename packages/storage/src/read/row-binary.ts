// ClickHouse's RowBinary, read from chunks that may end anywhere: little-endian fixed-width numbers,
// LEB128 lengths, strings as length + bytes, arrays and maps as count + elements, no separators.

import { ClewError } from "@clew/base";
import { Turns } from "./turns.ts";

/** Thrown when a row is not complete yet; never leaves this file. */
const UNDERFLOW: unique symbol = Symbol("row goes on in the next chunk");
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Reads values one after another. Methods must be called in the order of the query's columns. */
export class RowCursor {
  bytes: Uint8Array = new Uint8Array(0);
  position = 0;
  /** Where the string of the last `string()` call lies in `bytes`. */
  from = 0;
  to = 0;
  #view: DataView = new DataView(this.bytes.buffer);

  /** Goes on with what is left of the bytes before, followed by `chunk`. */
  append(chunk: Uint8Array): void {
    const rest = this.bytes.subarray(this.position);
    if (rest.length === 0) {
      this.bytes = chunk;
    } else {
      const joined = new Uint8Array(rest.length + chunk.length);
      joined.set(rest);
      joined.set(chunk, rest.length);
      this.bytes = joined;
    }
    this.position = 0;
    this.#view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength);
  }

  /** Skips `size` bytes and returns where they start. */
  take(size: number): number {
    const at = this.position;
    // oxlint-disable-next-line only-throw-error -- one value, thrown at every border of two chunks: no stack is wanted
    if (at + size > this.bytes.length) throw UNDERFLOW;
    this.position = at + size;
    return at;
  }

  uint8(): number {
    return this.bytes[this.take(1)] as number;
  }

  uint16(): number {
    return this.#view.getUint16(this.take(2), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.take(4), true);
  }

  float32(): number {
    return this.#view.getFloat32(this.take(4), true);
  }

  float64(): number {
    return this.#view.getFloat64(this.take(8), true);
  }

  int64(): bigint {
    return this.#view.getBigInt64(this.take(8), true);
  }

  uint64(): bigint {
    return this.#view.getBigUint64(this.take(8), true);
  }

  /** A length or count. */
  varint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.uint8();
      value += (byte & 127) * scale;
      if (byte < 128) return value;
      scale *= 128;
    }
  }

  /** Reads past a string and leaves its place in `from` and `to`. */
  string(): void {
    const length = this.varint();
    this.from = this.take(length);
    this.to = this.position;
  }

  text(): string {
    this.string();
    return decoder.decode(this.bytes.subarray(this.from, this.to));
  }
}

/** Rows between looks at the clock. */
const ROWS = 256;

/**
 * Calls `readRow` for every row of `chunks`. A row whose bytes end early is read again from its start when
 * more has come; `undo` then takes back what the incomplete attempt did.
 * @throws ClewError `internal` when the stream ends inside a row.
 */
export async function forEachRow(
  chunks: AsyncIterable<Uint8Array>,
  readRow: (cursor: RowCursor) => void,
  undo: () => void = () => undefined,
): Promise<void> {
  const cursor = new RowCursor();
  for await (const chunk of chunks) {
    cursor.append(chunk);
    const turns = new Turns();
    for (let row = 1; cursor.position < cursor.bytes.length; row++) {
      if (row % ROWS === 0 && turns.isOver) await turns.next();
      const start = cursor.position;
      try {
        readRow(cursor);
      } catch (thrown) {
        if (thrown !== UNDERFLOW) throw thrown;
        cursor.position = start;
        undo();
        break;
      }
    }
  }
  if (cursor.position < cursor.bytes.length) {
    throw new ClewError("internal", "the store's answer ended inside a row");
  }
}
