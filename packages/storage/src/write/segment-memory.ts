// Memory that encoding one segment after another uses again: the columns that a segment's rows are made
// of, and the bytes of its blocks. Fresh arrays for every segment would cost as much CPU in page faults
// and garbage collection as filling them does.

import { BlockMemory } from "../native/block-memory.ts";

/** Memory of larger segments is given back; the usual ones need some 30 MB of each kind. */
const MAX_KEPT_BYTES = 96 * 1024 * 1024;

/** One instance an encoder. Columns are valid until the next `begin`, blocks until they are released. */
export class SegmentMemory {
  readonly blocks: BlockMemory = new BlockMemory();
  #columns: ArrayBuffer = new ArrayBuffer(0);
  #used = 0;
  /** Of the blocks released last, the buffer that all of them may go into next. */
  #spare: ArrayBuffer | undefined;

  /** Starts a segment: takes back all columns, and leaves the blocks of the last segment alone. */
  begin(): void {
    if (this.#used > this.#columns.byteLength) {
      this.#columns = new ArrayBuffer(this.#used > MAX_KEPT_BYTES ? 0 : this.#used);
    }
    this.#used = 0;
    const { sink } = this.blocks;
    sink.length = 0;
    sink.bytes = new Uint8Array(this.#spare ?? new ArrayBuffer(0));
    this.#spare = undefined;
  }

  /** Takes back the memory of blocks that no one reads any more. */
  release(blocks: readonly Uint8Array<ArrayBuffer>[]): void {
    for (const { buffer } of blocks) {
      const kept = this.#spare?.byteLength ?? 0;
      if (buffer.byteLength > kept && buffer.byteLength <= MAX_KEPT_BYTES) this.#spare = buffer;
    }
  }

  /** A column of `count` words that hold anything: for columns of which every row is written. */
  words(count: number): Uint32Array<ArrayBuffer> {
    const from = this.#take(count * 4);
    return from < 0 ? new Uint32Array(count) : new Uint32Array(this.#columns, from, count);
  }

  /** A column of `count` zeros. */
  zeroWords(count: number): Uint32Array<ArrayBuffer> {
    return this.words(count).fill(0);
  }

  /** Like `words`, of 16 bits each. */
  halves(count: number): Uint16Array<ArrayBuffer> {
    const from = this.#take(count * 2);
    return from < 0 ? new Uint16Array(count) : new Uint16Array(this.#columns, from, count);
  }

  /** Where `bytes` bytes lie, a multiple of eight; -1 when there is no room for them in this segment. */
  #take(bytes: number): number {
    const from = this.#used;
    this.#used = from + ((bytes + 7) & ~7);
    return this.#used <= this.#columns.byteLength ? from : -1;
  }
}
