// One trace of `TraceColumns` as a pipeline sees it: rows 0..length-1, and what concerns all of them.

import { Kinship } from "./kinship.ts";
import type { Rows } from "./structural.ts";
import type { TraceColumns } from "./trace-columns.ts";

const MAX_INT64 = 2n ** 63n - 1n;

export class TraceView {
  readonly columns: TraceColumns;
  /** Row of `columns` that is row 0 here. */
  from = 0;
  length = 0;
  /** Another number for every trace that was opened. */
  opened = 0;
  readonly #kinship = new Kinship();
  readonly #rows: number[] = [];
  #hasKinship = false;
  #root: number | undefined;
  #duration: bigint | undefined;

  constructor(columns: TraceColumns) {
    this.columns = columns;
  }

  /** Turns to trace number `trace`. */
  open(trace: number): void {
    this.opened++;
    this.from = this.columns.offsets[trace] as number;
    this.length = (this.columns.offsets[trace + 1] as number) - this.from;
    this.#hasKinship = false;
    this.#root = undefined;
    this.#duration = undefined;
  }

  /** All rows. */
  get rows(): Rows {
    while (this.#rows.length < this.length) this.#rows.push(this.#rows.length);
    return this.#rows.length === this.length ? this.#rows : this.#rows.slice(0, this.length);
  }

  get kinship(): Kinship {
    if (!this.#hasKinship) {
      const { spanIds, parentIds } = this.columns;
      this.#kinship.read(spanIds, parentIds, this.from, this.from + this.length);
      this.#hasKinship = true;
    }
    return this.#kinship;
  }

  /** Row of the earliest span without a parent; -1 when none has arrived. */
  get root(): number {
    this.#root ??= this.kinship.root;
    return this.#root;
  }

  /** From the first start to the last end, nanoseconds. Ends past 2262 say nothing, as in the trace index. */
  get durationNano(): bigint {
    if (this.#duration === undefined) {
      const { start, duration } = this.columns;
      const first = start[this.from] ?? 0n;
      let last = first;
      for (let row = this.from; row < this.from + this.length; row++) {
        const begin = start[row] as bigint;
        const end = begin + (duration[row] as bigint);
        if (begin > last) last = begin;
        if (end > last && end <= MAX_INT64) last = end;
      }
      this.#duration = last - first;
    }
    return this.#duration;
  }

  startNano(row: number): bigint {
    return this.columns.start[this.from + row] as bigint;
  }

  spanDurationNano(row: number): bigint {
    return this.columns.duration[this.from + row] as bigint;
  }
}
