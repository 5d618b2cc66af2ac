// What the writer of Native blocks needs besides the columns. One instance serves all blocks of all
// segments in turn, so that writing makes no garbage.

import { grown } from "@clew/base";
import { ByteSink } from "./byte-sink.ts";

type Words = Uint32Array<ArrayBuffer>;

/** The bytes of blocks, one after another, and scratch columns that hold nothing between two columns. */
export class BlockMemory {
  sink: ByteSink = new ByteSink(0);
  /** By string id: index + 1 in the dictionary of the column being written; all zero between columns. */
  indexes: Words = new Uint32Array(256);
  /** String ids of that dictionary. */
  keys: Words = new Uint32Array(256);
  /** Per row, the low byte of its index in that dictionary. */
  narrow: Uint8Array<ArrayBuffer> = new Uint8Array(256);
  /** Two words a row: array offsets as UInt64. The high words are always zero. */
  offsets: Words = new Uint32Array(256);

  /** Makes room for columns of `rows` rows over a dictionary of `strings` strings. */
  reserve(rows: number, strings: number): void {
    this.indexes = grown(this.indexes, strings);
    this.narrow = grown(this.narrow, rows);
  }
}
