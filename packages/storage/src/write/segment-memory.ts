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

  /** A column of `count` zeros, as all of these. */
  words(count: number): Uint32Array<ArrayBuffer> {
    const from = this.#take(count * 4);
    if (from < 0) return new Uint32Array(count);
    return new Uint32Array(this.#columns, from, count).fill(0);
  }

  halves(count: number): Uint16Array<ArrayBuffer> {
    const from = this.#take(count * 2);
    if (from < 0) return new Uint16Array(count);
    return new Uint16Array(this.#columns, from, count).fill(0);
  }

  doubles(count: number): Float64Array<ArrayBuffer> {
    const from = this.#take(count * 8);
    if (from < 0) return new Float64Array(count);
    return new Float64Array(this.#columns, from, count).fill(0);
  }

  /** Where `bytes` bytes lie, a multiple of eight; -1 when there is no room for them in this segment. */
  #take(bytes: number): number {
    const from = this.#used;
    this.#used = from + ((bytes + 7) & ~7);
    return this.#used <= this.#columns.byteLength ? from : -1;
  }
}
