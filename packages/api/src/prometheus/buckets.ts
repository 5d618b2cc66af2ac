// Cumulative buckets with chosen bounds from the store's fine ones: bucket b of the store holds durations from
// 2^(b/16) up to 2^((b+1)/16) nanoseconds.

/** Buckets of the store an octave. */
export const resolution = 16;

/** A bound as its label shows it, and where it lies among the store's buckets. */
export interface Bound {
  readonly le: string;
  readonly position: number;
}

export function boundOf(seconds: number): Bound {
  return { le: String(seconds), position: Math.log2(seconds * 1e9) * resolution };
}

/** For each bound what lies below it; a bucket that a bound cuts is shared out on the log scale. */
export function cumulative(
  histogram: ReadonlyMap<number, number>,
  bounds: readonly Bound[],
): number[] {
  const below = bounds.map(() => 0);
  const add = (index: number, weight: number): void => {
    if (index < below.length) below[index] = (below[index] ?? 0) + weight;
  };
  for (const [bucket, weight] of histogram) {
    let rest = weight;
    let at = firstAbove(bounds, bucket);
    for (; at < bounds.length && rest > 0; at++) {
      const share = Math.min(1, (bounds[at]?.position ?? Infinity) - bucket);
      const until = weight * share;
      add(at, until - (weight - rest));
      rest = weight - until;
    }
  }
  for (let i = 1; i < below.length; i++) below[i] = (below[i] ?? 0) + (below[i - 1] ?? 0);
  return below;
}

/** Index of the first bound above the lower edge of a bucket. */
function firstAbove(bounds: readonly Bound[], bucket: number): number {
  let low = 0;
  let high = bounds.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((bounds[middle]?.position ?? Infinity) > bucket) high = middle;
    else low = middle + 1;
  }
  return low;
}
