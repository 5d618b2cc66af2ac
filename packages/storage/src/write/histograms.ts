// Log-scaled latency histograms, one a group: 16 buckets an octave, so a bucket is 4.4 % wide and sums
// over any set of services and times stay exact. Bucket = floor(log2(max(duration, 1)) * 16), duration in
// nanoseconds; the read side (read/) uses the same formula in SQL for scans.

import type { HistogramEntries } from "../native/native-block.ts";
import { GroupTable } from "./group-table.ts";

/** Bucket of a duration in nanoseconds; negative durations count as 0. */
export function histogramBucket(durationNano: number): number {
  return durationNano <= 1 ? 0 : Math.floor(Math.log2(durationNano) * 16);
}

/** Sums weights by (group, bucket). */
export class Histograms {
  readonly #cells = new GroupTable(2);
  #weights: Float64Array<ArrayBuffer> = new Float64Array(1024);

  add(group: number, bucket: number, weight: number): void {
    const cells = this.#cells;
    cells.probe[0] = group;
    cells.probe[1] = bucket;
    const cell = cells.group();
    if (cell >= this.#weights.length) {
      const weights = new Float64Array(this.#weights.length * 2);
      weights.set(this.#weights);
      this.#weights = weights;
    }
    this.#weights[cell] = (this.#weights[cell] as number) + weight;
  }

  /** Adds every cell to `target`, with groups renamed by `groupOf`. */
  addTo(target: Histograms, groupOf: Uint32Array): void {
    for (let cell = 0; cell < this.#cells.size; cell++) {
      const group = groupOf[this.#cells.key(cell, 0)] as number;
      target.add(group, this.#cells.key(cell, 1), this.#weights[cell] as number);
    }
  }

  /** Entries sorted by group (a counting sort). */
  column(groups: number): HistogramEntries {
    const cells = this.#cells;
    const offsets = new Uint32Array(groups + 1);
    for (let cell = 0; cell < cells.size; cell++) {
      const next = cells.key(cell, 0) + 1;
      offsets[next] = (offsets[next] as number) + 1;
    }
    for (let group = 1; group <= groups; group++) {
      offsets[group] = (offsets[group] as number) + (offsets[group - 1] as number);
    }
    const buckets = new Uint16Array(cells.size);
    const weights = new Float64Array(cells.size);
    const next = offsets.slice();
    for (let cell = 0; cell < cells.size; cell++) {
      const group = cells.key(cell, 0);
      const at = next[group] as number;
      next[group] = at + 1;
      buckets[at] = cells.key(cell, 1);
      weights[at] = this.#weights[cell] as number;
    }
    return { offsets, buckets, weights };
  }
}
