// Quantiles of windows over the store's own buckets: bins are added to a running histogram where a window begins
// to hold them and taken out where it ends to, so that a step costs what changed and one look at the buckets.

import { resolution } from "./buckets.ts";
import type { Windows } from "./windows.ts";

type Histogram = ReadonlyMap<number, number>;

/** `shares`: 0..1, one a step. Seconds; NaN for windows without a span. `spans` of the windows ascend. */
export function windowQuantiles(
  bins: readonly Histogram[],
  { spans }: Pick<Windows, "spans">,
  shares: readonly number[],
): number[] {
  const running = new RunningHistogram(bins);
  return spans.map(({ from, to }, step) => {
    running.moveTo(from, to);
    return running.quantile(shares[step] ?? NaN);
  });
}

class RunningHistogram {
  readonly #bins: readonly Histogram[];
  readonly #least: number;
  readonly #weights: Float64Array;
  #from = 0;
  #to = 0;

  constructor(bins: readonly Histogram[]) {
    let least = Infinity;
    let most = -1;
    for (const bin of bins) {
      for (const bucket of bin.keys()) {
        least = Math.min(least, bucket);
        most = Math.max(most, bucket);
      }
    }
    this.#bins = bins;
    this.#least = least;
    this.#weights = new Float64Array(Math.max(0, most - least + 1));
  }

  moveTo(from: number, to: number): void {
    if (from >= this.#to) {
      // Nothing of it is in the window any more; this also ends what rounding has left.
      this.#weights.fill(0);
      this.#from = from;
      this.#to = from;
    }
    for (; this.#to < to; this.#to++) this.#add(this.#to, 1);
    for (; this.#from < from; this.#from++) this.#add(this.#from, -1);
  }

  #add(bin: number, sign: 1 | -1): void {
    for (const [bucket, weight] of this.#bins[bin] ?? []) {
      const index = bucket - this.#least;
      const sum = (this.#weights[index] ?? 0) + sign * weight;
      this.#weights[index] = sum < 1e-6 ? 0 : sum;
    }
  }

  /** Interpolates evenly inside a bucket, as Prometheus does. */
  quantile(share: number): number {
    const total = this.#weights.reduce((sum, weight) => sum + weight, 0);
    if (total === 0 || Number.isNaN(share)) return NaN;
    if (share < 0) return -Infinity;
    if (share > 1) return Infinity;
    const rank = share * total;
    let before = 0;
    let last = 0;
    for (const [index, weight] of this.#weights.entries()) {
      if (weight === 0) continue;
      last = index;
      if (before + weight >= rank) return this.#inside(index, (rank - before) / weight);
      before += weight;
    }
    return this.#inside(last, 1);
  }

  #inside(index: number, part: number): number {
    const bucket = index + this.#least;
    const lower = bucket === 0 ? 0 : edge(bucket);
    return (lower + (edge(bucket + 1) - lower) * part) / 1e9;
  }
}

/** Lower edge of a bucket in nanoseconds. */
function edge(bucket: number): number {
  return 2 ** (bucket / resolution);
}
