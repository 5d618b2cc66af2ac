// histogram_quantile over classic histograms: buckets with an upper bound `le`, cumulative, interpolated evenly
// inside a bucket as Prometheus does it.

import { type Labels, pickLabels, type Series, signature } from "./values.ts";

interface Bucket {
  readonly bound: number;
  readonly values: Series["values"];
}

/** `shares`: the quantile of each step. Series without `le` are no buckets and are left out. */
export function histogramQuantile(shares: readonly number[], series: readonly Series[]): Series[] {
  const groups = new Map<string, { readonly labels: Labels; readonly buckets: Bucket[] }>();
  for (const { labels, values } of series) {
    const { le } = labels;
    if (le === undefined) continue;
    const bound = le === "+Inf" ? Infinity : Number(le);
    if (Number.isNaN(bound)) continue;
    const others = pickLabels(labels, (name) => name !== "le" && name !== "__name__");
    const key = signature(others);
    const group = groups.get(key) ?? { labels: others, buckets: [] };
    group.buckets.push({ bound, values });
    groups.set(key, group);
  }
  return [...groups.values()].map(({ labels, buckets }) => {
    const sorted = buckets.toSorted((a, b) => a.bound - b.bound);
    return { labels, values: shares.map((share, step) => quantileAt(share, sorted, step)) };
  });
}

function quantileAt(share: number, buckets: readonly Bucket[], step: number): number | undefined {
  const bounds: number[] = [];
  const counts: number[] = [];
  for (const { bound, values } of buckets) {
    const count = values[step];
    if (count === undefined) continue;
    bounds.push(bound);
    // Rounding may make a later bucket smaller by a hair.
    counts.push(Math.max(count, counts.at(-1) ?? 0));
  }
  if (bounds.length === 0) return undefined;
  const total = counts.at(-1) ?? 0;
  if (bounds.length < 2 || bounds.at(-1) !== Infinity || total === 0 || Number.isNaN(share))
    return NaN;
  if (share < 0) return -Infinity;
  if (share > 1) return Infinity;
  const rank = share * total;
  const at = counts.findIndex((count) => count >= rank);
  if (at === bounds.length - 1) return bounds[at - 1] ?? NaN;
  const upper = bounds[at] ?? NaN;
  if (at === 0 && upper <= 0) return upper;
  const lower = at === 0 ? 0 : (bounds[at - 1] ?? 0);
  const before = at === 0 ? 0 : (counts[at - 1] ?? 0);
  const inside = (counts[at] ?? 0) - before;
  return inside === 0 ? lower : lower + (upper - lower) * ((rank - before) / inside);
}
