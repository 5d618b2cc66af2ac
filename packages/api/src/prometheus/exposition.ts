// The metrics as text for scraping: counters since midnight (UTC) up to the last whole minute. When there are
// more series than an answer may have, spans are told apart without their names.

import { ClewError } from "@clew/base";
import type { Increments } from "@clew/storage";
import type { MetricFamily } from "../metrics/exposition.ts";
import { boundOf } from "./buckets.ts";
import { storedMatchers } from "./matchers.ts";
import { bucketBounds, familyName, type Metric, metrics, type SeriesLabel } from "./metrics.ts";
import { bucketsOf, readIncrements, type SelectSource, shown, type Wanted } from "./select.ts";
import { sinceMidnight, type Windows } from "./windows.ts";

/** Series of one kind of metric; a histogram has 17 lines each. */
const maxSeries = 2000;
/** Value of `span_name` when the names are too many, as Tempo's metrics generator has it. */
const overflow = "__cardinality_overflow__";

type AllIncrements = readonly Increments<SeriesLabel>[];

/** All families with their samples. */
export async function exposedMetrics(source: SelectSource): Promise<MetricFamily[]> {
  const windows = sinceMidnight([source.nowMs], 0);
  const spans = await read(source, "spans", windows);
  const edges = await read(source, "edges", windows);
  const families = new Map<string, MetricFamily>();
  for (const metric of metrics) {
    const name = familyName(metric);
    if (families.has(name)) continue;
    families.set(name, familyOf(metric, metric.source === "spans" ? spans : edges));
  }
  return [...families.values()];
}

async function read(
  source: SelectSource,
  kind: Metric["source"],
  windows: Windows,
): Promise<AllIncrements> {
  const wanted: Wanted = { metric: { part: "bucket" }, stored: storedMatchers(kind, []) };
  const named = await withinLimit(() => readIncrements(source, wanted, windows));
  if (named !== undefined) return named;
  if (kind === "edges")
    throw new ClewError("limit_exceeded", "the service graph has too many edges");
  const keep = (label: string): boolean => label !== "span_name";
  const unnamed = await readIncrements(source, wanted, windows, keep);
  return unnamed.map((one) => ({ ...one, labels: { ...one.labels, span_name: overflow } }));
}

/** Undefined when there are too many series. */
async function withinLimit(ask: () => Promise<AllIncrements>): Promise<AllIncrements | undefined> {
  try {
    const found = await ask();
    return found.length > maxSeries ? undefined : found;
  } catch (thrown) {
    if (thrown instanceof ClewError && thrown.code === "limit_exceeded") return undefined;
    throw thrown;
  }
}

function familyOf(metric: Metric, increments: AllIncrements): MetricFamily {
  const { part, source, help } = metric;
  const name = familyName(metric);
  if (metric.type === "counter" && (part === "count" || part === "errors")) {
    const samples = increments.map((one) => ({ labels: shown(one.labels), value: sum(one[part]) }));
    return { name, help, type: "counter", samples };
  }
  const bounds = bucketBounds[source];
  const samples = increments.map((one) => ({
    labels: shown(one.labels),
    bounds,
    cumulative: bucketsOf(one, bounds.map(boundOf)).map(({ growth }) => sum(growth)),
    sum: sum(one.seconds),
    count: sum(one.count),
  }));
  return { name, help, type: "histogram", samples };
}

function sum(values: Float64Array): number {
  return values.reduce((total, value) => total + value, 0);
}
