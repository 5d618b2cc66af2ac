// A file of records, each `length u32 | spans u32 | OTLP request`, little-endian, read one at a time. A record that has
// arrived is marked in its place, so that it is not sent again by whoever finds the file.

import * as fs from "node:fs";

const HEADER = 8;
const LARGEST_RECORD = 64 * 1024 * 1024;
/** In the place of the number of spans: this record has arrived. */
const SENT = 0xffffffff;

/** A record that is being sent. */
export interface SpilledRecord {
  readonly body: Buffer;
  readonly spans: number;
}

/** A request as a record. */
export function recordOf(body: Buffer, spans: number): Buffer {
  const record = Buffer.allocUnsafe(HEADER + body.length);
  record.writeUInt32LE(body.length, 0);
  record.writeUInt32LE(spans, 4);
  body.copy(record, HEADER);
  return record;
}

/** Bytes that a request of `length` bytes takes as a record. */
export function recordBytes(length: number): number {
  return HEADER + length;
}

/** A file that is being read. */
export class RecordFile {
  readonly path: string;
  readonly #file: number;
  #at = 0;
  #record: SpilledRecord | undefined;

  /** Throws when the file cannot be opened. */
  constructor(path: string) {
    this.path = path;
    this.#file = fs.openSync(path, "r+");
  }

  /** The first record that has not arrived; `undefined` at the end, and where half a record was written. */
  next(): SpilledRecord | undefined {
    while (this.#record === undefined) {
      const header = this.#read(this.#at, HEADER);
      if (header === undefined) return undefined;
      const length = header.readUInt32LE(0);
      const spans = header.readUInt32LE(4);
      if (length === 0 || length > LARGEST_RECORD) return undefined;
      if (spans === SENT) this.#at += HEADER + length;
      else {
        const body = this.#read(this.#at + HEADER, length);
        if (body === undefined) return undefined;
        this.#record = { body, spans };
      }
    }
    return this.#record;
  }

  /** The record that `next` gave needs no more sending. */
  sent(): void {
    if (this.#record === undefined) return;
    const mark = Buffer.alloc(4);
    mark.writeUInt32LE(SENT);
    try {
      fs.writeSync(this.#file, mark, 0, 4, this.#at + 4);
    } catch {
      // Then it is sent again should this process end before the file does.
    }
    this.#at += HEADER + this.#record.body.length;
    this.#record = undefined;
  }

  #read(at: number, length: number): Buffer | undefined {
    const bytes = Buffer.allocUnsafe(length);
    try {
      for (let read = 0; read < length; ) {
        const more = fs.readSync(this.#file, bytes, read, length - read, at + read);
        if (more === 0) return undefined;
        read += more;
      }
    } catch {
      return undefined;
    }
    return bytes;
  }

  close(): void {
    try {
      fs.closeSync(this.#file);
    } catch {
      // It is as good as closed.
    }
  }
}
