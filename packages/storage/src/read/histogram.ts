// Latency histograms as the rollups keep them: weights by bucket, bucket = floor(log2(max(d, 1)) * 16) of a
// duration d in nanoseconds. A bucket is 4.4 % wide, so a quantile is off by at most that.

/** Buckets an octave. */
const RESOLUTION = 16;

/** The bucket of column `duration` in SQL; the same formula as write/histograms.ts. */
export const BUCKET_SQL = "toUInt16(floor(log2(greatest(duration, 1)) * 16))";

/** Lower border of a bucket in nanoseconds; bucket 0 starts at 0. */
export function bucketStartNano(bucket: number): number {
  return bucket <= 0 ? 0 : 2 ** (bucket / RESOLUTION);
}

/** Sums of weights by bucket. */
export class Histogram {
  readonly #weights = new Map<number, number>();
  total = 0;

  add(bucket: number, weight: number): void {
    this.#weights.set(bucket, (this.#weights.get(bucket) ?? 0) + weight);
    this.total += weight;
  }

  addAll(entries: Readonly<Record<string, number>>): void {
    for (const [bucket, weight] of Object.entries(entries)) this.add(Number(bucket), weight);
  }

  /** Durations below which the given shares (0..1, ascending) of the weight lie, nanoseconds; 0 when empty. */
  quantiles(shares: readonly number[]): number[] {
    const buckets = [...this.#weights.keys()].sort((a, b) => a - b);
    const results: number[] = [];
    let at = 0;
    let before = 0;
    for (const share of shares) {
      const wanted = share * this.total;
      while (at < buckets.length - 1 && before + this.#weight(buckets[at]) < wanted) {
        before += this.#weight(buckets[at++]);
      }
      results.push(this.#inside(buckets[at], wanted - before));
    }
    return results;
  }

  #weight(bucket: number | undefined): number {
    return bucket === undefined ? 0 : (this.#weights.get(bucket) ?? 0);
  }

  /** Interpolates on the log scale of the bucket, where its spans lie evenly. */
  #inside(bucket: number | undefined, weight: number): number {
    if (bucket === undefined || this.total === 0) return 0;
    const part = Math.min(1, Math.max(0, weight / this.#weight(bucket)));
    if (bucket === 0) return part;
    return Math.round(2 ** ((bucket + part) / RESOLUTION));
  }
}

/** p50, p95, p99 and the maximum, none of them above the largest duration seen. */
export function redQuantiles(
  histogram: Histogram,
  maxNano: number,
): { p50Nano: number; p95Nano: number; p99Nano: number; maxNano: number } {
  const [p50 = 0, p95 = 0, p99 = 0] = histogram.quantiles([0.5, 0.95, 0.99]);
  return {
    p50Nano: Math.min(p50, maxNano),
    p95Nano: Math.min(p95, maxNano),
    p99Nano: Math.min(p99, maxNano),
    maxNano,
  };
}
