// Quantiles by nearest rank: of n sorted values the one at rank max(1, ceil(p * n)), a value that was measured.
// The level given to ClickHouse's quantileExact, which takes the value at index floor(p * n), is a hair lower
// so that it means the same where p * n is whole.

const HAIR = 1e-13;

/** The parameter of quantilesExact for the quantile `p` (0..1). */
export function exactLevel(p: number): number {
  return Math.max(0, p - HAIR);
}

/** `sorted` ascending and not empty. */
export function nearestRank(sorted: Float64Array, p: number): number {
  const index = Math.floor(exactLevel(p) * sorted.length);
  return sorted[Math.min(index, sorted.length - 1)] as number;
}
