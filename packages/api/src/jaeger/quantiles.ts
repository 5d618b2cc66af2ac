// Latency quantiles for the Monitor tab. The store keeps the median, the 95th and the 99th of one kind of
// span to 4 %; any other quantile, and one over several kinds, is read from the heat map's buckets, four to
// an octave, as if durations were spread evenly within a bucket.

import type { Heatmap, RedSeries, SpanFilter } from "@clew/model";
import { type MetricsQuery, type Point, stepAt } from "./metrics-query.ts";
import type { JaegerCall } from "./options.ts";

const nanoPerMilli = 1_000_000;

const kept: Readonly<Record<number, (series: RedSeries) => readonly number[]>> = {
  0.5: ({ p50Nano }) => p50Nano,
  0.95: ({ p95Nano }) => p95Nano,
  0.99: ({ p99Nano }) => p99Nano,
};

/** Milliseconds by step; no point for a step without calls. */
export async function quantilePoints(
  { reader, tenant, signal }: JaegerCall,
  { range, stepNano, nowNano }: MetricsQuery,
  filters: readonly SpanFilter[],
  quantile: number,
): Promise<Point[]> {
  const column = kept[quantile];
  const [only, ...others] = filters;
  if (column !== undefined && only !== undefined && others.length === 0) {
    const series = await reader.red({ tenant, range, filter: only, stepNano }, signal);
    return series.count.flatMap((count, at) => {
      if (count === 0) return [];
      const { endNano } = stepAt(series, at, range, nowNano);
      return { endNano, value: (column(series)[at] ?? 0) / nanoPerMilli };
    });
  }
  const maps: Heatmap[] = [];
  for (const filter of filters)
    maps.push(await reader.heatmap({ tenant, range, filter, stepNano }, signal));
  const [first] = maps;
  if (first === undefined) return [];
  return first.counts.flatMap((_counts, at) => {
    const value = quantileOf(maps, at, quantile);
    if (value === undefined) return [];
    return { endNano: stepAt(first, at, range, nowNano).endNano, value: value / nanoPerMilli };
  });
}

/** Nanoseconds of the quantile over one column of all maps; undefined when nothing is in it. */
function quantileOf(
  maps: readonly Heatmap[],
  column: number,
  quantile: number,
): number | undefined {
  const cells = cellsOf(maps, column);
  let left = cells.reduce((sum, { count }) => sum + count, 0) * quantile;
  for (const { low, high, count } of cells) {
    if (left <= count) return low + (high - low) * (left / count);
    left -= count;
  }
  return cells.at(-1)?.high;
}

interface Cell {
  readonly low: number;
  readonly high: number;
  count: number;
}

/** The filled buckets of one column, ascending; the same bucket of several maps is one. */
function cellsOf(maps: readonly Heatmap[], column: number): Cell[] {
  const cells = new Map<number, Cell>();
  for (const { bucketNano, counts } of maps) {
    for (const [bucket, count] of (counts[column] ?? []).entries()) {
      if (count === 0) continue;
      const low = bucketNano[bucket] ?? 0;
      const cell = cells.get(low) ?? { low, high: bucketNano[bucket + 1] ?? low, count: 0 };
      cell.count += count;
      cells.set(low, cell);
    }
  }
  return [...cells.values()].toSorted((a, b) => a.low - b.low);
}
