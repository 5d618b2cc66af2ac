// Lists for completion: label names, label values, series, and what the metrics are.

import { boundOf } from "./buckets.ts";
import { type MatchedMetric, matchedMetrics, matches, storedMatchers } from "./matchers.ts";
import {
  bucketBounds,
  familyName,
  type Metric,
  metrics,
  type SeriesLabel,
  sourceLabels,
} from "./metrics.ts";
import type { Selector } from "./promql/ast.ts";
import type { Labels } from "./promql/values.ts";
import { readIncrements, type SelectSource, shown, type Wanted } from "./select.ts";
import type { Windows } from "./windows.ts";

const minuteMs = 60_000;

/** The metrics that any of the selectors means; all when there is none. */
function meant(selectors: readonly Selector[]): MatchedMetric[] {
  if (selectors.length > 0) return selectors.flatMap(matchedMetrics);
  return metrics.map((metric) => ({
    metric,
    stored: storedMatchers(metric.source, []),
    bounds: [],
  }));
}

export function labelNames(selectors: readonly Selector[]): string[] {
  const names = new Set(meant(selectors).flatMap(({ metric }) => labelsOf(metric)));
  return [...names].toSorted();
}

function seriesLabels({ source }: Metric): readonly SeriesLabel[] {
  return sourceLabels[source];
}

function labelsOf({ source, part }: Metric): string[] {
  return ["__name__", ...sourceLabels[source], ...(part === "bucket" ? ["le"] : [])];
}

function boundsOf({ metric: { source }, bounds }: MatchedMetric): string[] {
  const all = [...bucketBounds[source].map((seconds) => boundOf(seconds).le), "+Inf"];
  return all.filter((le) => bounds.every((matcher) => matches(matcher, le)));
}

/** One bin over a range of time. */
export function wholeRange(startMs: number, endMs: number): Windows {
  const from = Math.floor(startMs / minuteMs) * minuteMs;
  const to = Math.max(from + minuteMs, Math.ceil(endMs / minuteMs) * minuteMs);
  const widthMs = to - from;
  return { startMs: from, binMs: widthMs, bins: 1, spans: [{ from: 0, to: 1 }], widthMs };
}

/** Values of a label that series in the range have, sorted. */
export async function labelValues(
  source: SelectSource,
  name: string,
  selectors: readonly Selector[],
  range: Windows,
): Promise<string[]> {
  const found = meant(selectors);
  if (name === "__name__") return [...new Set(found.map(({ metric }) => metric.name))].toSorted();
  if (name === "le") {
    const bounds = found.filter(({ metric }) => metric.part === "bucket").flatMap(boundsOf);
    return [...new Set(bounds)].toSorted();
  }
  const values = new Set<string>();
  for (const matched of sameReads(found)) {
    const label = seriesLabels(matched.metric).find((one) => one === name);
    if (label === undefined) continue;
    const counts: Wanted = { metric: { part: "count" }, stored: matched.stored };
    const increments = await readIncrements(source, counts, range, (one) => one === label);
    for (const { labels } of increments) values.add(labels[label] ?? "");
  }
  values.delete("");
  return [...values].toSorted();
}

/** One of each group that the store is asked the same question for. */
function sameReads(found: readonly MatchedMetric[]): MatchedMetric[] {
  const reads = new Map(found.map((one) => [JSON.stringify(one.stored), one] as const));
  return [...reads.values()];
}

/** Label sets of the series in the range, at most `limit`. */
export async function seriesIn(
  source: SelectSource,
  selectors: readonly Selector[],
  range: Windows,
  limit: number,
): Promise<{ readonly series: Labels[]; readonly cut: boolean }> {
  const found = new Map<string, Labels>();
  for (const matched of meant(selectors)) {
    const { metric, stored } = matched;
    const counts: Wanted = { metric: { part: "count" }, stored };
    for (const one of await readIncrements(source, counts, range)) {
      const labels = { __name__: metric.name, ...shown(one.labels) };
      const all =
        metric.part === "bucket" ? boundsOf(matched).map((le) => ({ ...labels, le })) : [labels];
      for (const series of all) {
        if (found.size >= limit) return { series: [...found.values()], cut: true };
        found.set(JSON.stringify(series), series);
      }
    }
  }
  return { series: [...found.values()], cut: false };
}

/** Type and help by family of metrics. */
export function metadata(
  wanted: string | undefined,
): Record<string, { type: string; help: string; unit: string }[]> {
  const all = metrics.map((metric) => [familyName(metric), metric] as const);
  const asked = all.filter(([name, metric]) => [undefined, name, metric.name].includes(wanted));
  return Object.fromEntries(
    asked.map(([name, { type, help }]) => [name, [{ type, help, unit: "" }]]),
  );
}
