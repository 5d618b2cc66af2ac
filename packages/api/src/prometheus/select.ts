// Series for PromQL's selectors, made of the increments that the rollups keep.

import type { Increments, RedSeriesReader } from "@clew/storage";
import { type Bound, boundOf, cumulative } from "./buckets.ts";
import { type MatchedMetric, matchedMetrics, matches } from "./matchers.ts";
import { bucketBounds, type SeriesLabel, sourceLabels } from "./metrics.ts";
import type { Selector } from "./promql/ast.ts";
import {
  type SelectOptions,
  type SelectQuantiles,
  type SelectSeries,
  tooMany,
} from "./promql/evaluate.ts";
import type { Labels, Series } from "./promql/values.ts";
import { windowQuantiles } from "./window-quantiles.ts";
import { growthWindows, lastMinute, sinceMidnight, type Windows } from "./windows.ts";

const maxSeries = 20_000;
/** Numbers that one selector may hold in memory. */
const maxCells = 8_000_000;

export interface SelectSource {
  readonly reader: RedSeriesReader;
  readonly tenant: string;
  readonly nowMs: number;
  readonly signal: AbortSignal;
}

/** The source of series for an evaluation. */
export function selectFrom(source: SelectSource): SelectSeries {
  return async (selector, options) => {
    const windows = windowsOf(selector, options, source.nowMs);
    const found: Series[] = [];
    for (const matched of matchedMetrics(selector)) {
      const increments = await readIncrements(source, matched, windows, options.keep);
      found.push(...seriesOf(matched, increments, windows, options));
      if (found.length > maxSeries) throw tooMany("series");
    }
    return found;
  };
}

/** The source of quantiles for an evaluation: from the store's own buckets, where one metric's are asked for. */
export function quantilesFrom(source: SelectSource): SelectQuantiles {
  return async (selector, options, shares) => {
    const [matched, ...others] = matchedMetrics(selector);
    if (matched === undefined) return [];
    const isWhole = matched.metric.part === "bucket" && matched.bounds.length === 0;
    if (others.length > 0 || !isWhole) return undefined;
    const windows = windowsOf(selector, options, source.nowMs);
    const increments = await readIncrements(source, matched, windows, options.keep);
    return increments.map(({ labels, histogram = [] }) => ({
      labels: shown(labels),
      values: windowQuantiles(histogram, windows, shares),
    }));
  };
}

function windowsOf(
  { rangeMs = 0, offsetMs }: Selector,
  { times, growth }: SelectOptions,
  nowMs: number,
): Windows {
  if (growth === undefined) return sinceMidnight(times, offsetMs, nowMs);
  if (growth === "irate") return lastMinute(times, offsetMs, nowMs);
  return growthWindows(times, offsetMs, rangeMs, nowMs);
}

/** What the store is asked: durations only where their distribution is wanted. */
export interface Wanted {
  readonly metric: Pick<MatchedMetric["metric"], "part">;
  readonly stored: MatchedMetric["stored"];
}

/** Growth of all series of a metric, one entry a bin of the windows. */
export async function readIncrements(
  { reader, tenant, signal }: SelectSource,
  { metric, stored }: Wanted,
  { startMs, binMs, bins }: Windows,
  keep: (label: string) => boolean = () => true,
): Promise<readonly Increments<SeriesLabel>[]> {
  const startNano = BigInt(startMs) * 1_000_000n;
  const common = {
    tenant,
    range: { startNano, endNano: startNano + BigInt(bins * binMs) * 1_000_000n },
    stepNano: BigInt(binMs) * 1_000_000n,
    histogram: metric.part === "bucket",
    maxSeries,
  };
  if (stored.source === "spans") {
    const by = sourceLabels.spans.filter(keep);
    return reader.spanIncrements({ ...common, by, matchers: stored.matchers }, signal);
  }
  const by = sourceLabels.edges.filter(keep);
  return reader.edgeIncrements({ ...common, by, matchers: stored.matchers }, signal);
}

function seriesOf(
  matched: MatchedMetric,
  increments: readonly Increments<SeriesLabel>[],
  windows: Windows,
  options: SelectOptions,
): Series[] {
  const { metric } = matched;
  const name: Labels = options.growth === undefined ? { __name__: metric.name } : {};
  const divisor =
    options.growth === "rate" || options.growth === "irate" ? windows.widthMs / 1000 : 1;
  const values = (growth: ArrayLike<number>): number[] => inWindows(growth, windows, divisor);
  if (metric.part !== "bucket") {
    const part = metric.part;
    return increments.map((one) => ({
      labels: { ...name, ...shown(one.labels) },
      values: values(one[part]),
    }));
  }
  const bounds = bucketBounds[metric.source].map(boundOf);
  const cells = increments.length * (bounds.length + 1) * (windows.bins + windows.spans.length);
  if (cells > maxCells) throw tooMany("buckets");
  return increments.flatMap((one) =>
    bucketsOf(one, bounds).flatMap(({ le, growth }) =>
      matched.bounds.every((matcher) => matches(matcher, le))
        ? [{ labels: { ...name, ...shown(one.labels), le }, values: values(growth) }]
        : [],
    ),
  );
}

/** Labels without those that are empty, which Prometheus does not tell from missing ones. */
export function shown(labels: Increments<SeriesLabel>["labels"]): Labels {
  return Object.fromEntries(
    Object.entries(labels).filter((pair): pair is [string, string] => Boolean(pair[1])),
  );
}

/** Growth of each bucket, `+Inf` last. */
export function bucketsOf(
  { histogram = [], count }: Increments<SeriesLabel>,
  bounds: readonly Bound[],
): { readonly le: string; readonly growth: Float64Array }[] {
  const buckets = bounds.map(({ le }) => ({ le, growth: new Float64Array(count.length) }));
  histogram.forEach((entries, bin) => {
    if (entries.size === 0) return;
    cumulative(entries, bounds).forEach((below, i) => {
      const growth = buckets[i]?.growth;
      if (growth !== undefined) growth[bin] = below;
    });
  });
  return [...buckets, { le: "+Inf", growth: count }];
}

/** Sums over the windows, from sums up to each bin. */
function inWindows(growth: ArrayLike<number>, { spans }: Windows, divisor: number): number[] {
  const upTo = new Float64Array(growth.length + 1);
  for (let i = 0; i < growth.length; i++) upTo[i + 1] = (upTo[i] ?? 0) + (growth[i] ?? 0);
  // What comes out below zero is rounding.
  return spans.map(({ from, to }) => Math.max(0, (upTo[to] ?? 0) - (upTo[from] ?? 0)) / divisor);
}
