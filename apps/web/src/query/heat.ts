// The series of histogram_over_time as a heat map: one column a step, one row a bucket (powers of two).

import type { Heatmap, MetricSeries, NamedValue } from "@clew/model";
import { valueText } from "./typed-text.ts";

/** Values of the labels by which a histogram is grouped; one entry, "", when it is not. */
export function heatGroups(series: readonly MetricSeries[]): readonly string[] {
  return [...new Set(series.map(groupOf))].sort();
}

function groupOf({ labels }: MetricSeries): string {
  return labels
    .filter(({ name }) => !name.startsWith("__"))
    .map(({ value }) => valueText(value, 80))
    .join(" · ");
}

function bucketOf(labels: readonly NamedValue[]): number | undefined {
  const value = labels.find(({ name }) => name === "__bucket")?.value;
  return value?.type === "float" && value.value > 0 ? value.value : undefined;
}

/**
 * The map of one group, or of all of them together. `scale` turns a bucket's bound into the map's unit: 1e9 for
 * durations, whose bounds are seconds.
 */
export function heatmapOf(
  series: readonly MetricSeries[],
  stepNano: number,
  scale: number,
  group?: string,
): Heatmap {
  const wanted = series.filter((one) => group === undefined || groupOf(one) === group);
  const bounds = [...new Set(wanted.flatMap(({ labels }) => bucketOf(labels) ?? []))];
  const exponents = bounds.map((bound) => Math.round(Math.log2(bound * scale)));
  const [low, high] = [Math.min(...exponents), Math.max(...exponents)];
  const times = [...new Set(wanted.flatMap(({ samples }) => samples.map(({ timeMs }) => timeMs)))];
  if (bounds.length === 0 || times.length === 0)
    return { startUnixNano: "0", stepNano, bucketNano: [], counts: [], errorCounts: [] };
  const stepMs = stepNano / 1e6;
  const first = Math.min(...times);
  const columns = Math.round((Math.max(...times) - first) / stepMs) + 1;
  const buckets = high - low + 1;
  const counts = Array.from({ length: columns }, () => Array.from({ length: buckets }, () => 0));
  for (const { labels, samples } of wanted) {
    const bound = bucketOf(labels);
    if (bound === undefined) continue;
    const row = Math.round(Math.log2(bound * scale)) - low;
    for (const { timeMs, value } of samples) {
      const column = counts[Math.round((timeMs - first) / stepMs)];
      if (column !== undefined) column[row] = (column[row] ?? 0) + value;
    }
  }
  return {
    // A sample stands at the end of its step.
    startUnixNano: String(BigInt(Math.round(first - stepMs)) * 1_000_000n),
    stepNano,
    bucketNano: Array.from({ length: buckets + 1 }, (_, i) => 2 ** (low - 1 + i)),
    counts,
    errorCounts: [],
  };
}
