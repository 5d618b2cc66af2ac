// Counters, gauges and histograms of this process. Small on purpose: labels are plain objects, a series
// exists from its first use, and `collect` gives plain data for the exposition.

import { assert } from "@clew/base";
import type { HistogramSample, Labels, MetricFamily, MetricSample } from "./exposition.ts";

const metricName = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const noLabels: Labels = {};

export interface Counter {
  /** Adds `amount` (default 1, never negative). */
  add(amount?: number, labels?: Labels): void;
}

export interface Gauge {
  set(value: number, labels?: Labels): void;
}

export interface Histogram {
  /** Counts one observation, in the metric's unit. */
  observe(value: number, labels?: Labels): void;
}

interface Series {
  readonly labels: Labels;
  value: number;
}

interface Buckets {
  readonly labels: Labels;
  readonly counts: number[];
  sum: number;
  count: number;
}

/** The key of a series: the same labels in another order are the same series. */
function seriesKey(labels: Labels): string {
  return JSON.stringify(Object.entries(labels).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function seriesOf<T>(all: Map<string, T>, labels: Labels, create: () => T): T {
  const key = seriesKey(labels);
  let series = all.get(key);
  if (series === undefined) {
    series = create();
    all.set(key, series);
  }
  return series;
}

/** Holds metrics by name. Asking for a name twice is a bug and throws. */
export class MetricsRegistry {
  readonly #sources = new Map<string, () => MetricFamily>();

  counter(name: string, help: string): Counter {
    const all = this.#numbers(name, help, "counter");
    return {
      add(amount = 1, labels = noLabels): void {
        assert(amount >= 0, `counter ${name} cannot go down`);
        seriesOf(all, labels, () => ({ labels, value: 0 })).value += amount;
      },
    };
  }

  gauge(name: string, help: string): Gauge {
    const all = this.#numbers(name, help, "gauge");
    return {
      set(value, labels = noLabels): void {
        seriesOf(all, labels, () => ({ labels, value: 0 })).value = value;
      },
    };
  }

  /** A gauge that is read when it is asked for; `read` must be cheap. */
  observedGauge(name: string, help: string, read: () => number): void {
    this.#add(name, () => ({ name, help, type: "gauge", samples: [{ value: read() }] }));
  }

  /** A counter that is kept elsewhere; `read` must be cheap and never go down. */
  observedCounter(name: string, help: string, read: () => number): void {
    this.#add(name, () => ({ name, help, type: "counter", samples: [{ value: read() }] }));
  }

  /** `bounds`: upper bounds of the buckets, ascending, without +Inf. */
  histogram(name: string, help: string, bounds: readonly number[]): Histogram {
    const all = new Map<string, Buckets>();
    this.#add(name, () => {
      const samples = [...all.values()].map((buckets) => histogramSample(bounds, buckets));
      return { name, help, type: "histogram", samples };
    });
    return {
      observe(value, labels = noLabels): void {
        const fresh = (): Buckets => ({ labels, counts: bounds.map(() => 0), sum: 0, count: 0 });
        const buckets = seriesOf(all, labels, fresh);
        buckets.sum += value;
        buckets.count += 1;
        const bucket = bounds.findIndex((bound) => value <= bound);
        if (bucket >= 0) buckets.counts[bucket] = (buckets.counts[bucket] ?? 0) + 1;
      },
    };
  }

  /** Everything as it stands now. */
  collect(): MetricFamily[] {
    return [...this.#sources.values()].map((source) => source());
  }

  #numbers(name: string, help: string, type: "counter" | "gauge"): Map<string, Series> {
    const all = new Map<string, Series>();
    this.#add(name, () => {
      const samples: MetricSample[] = [...all.values()].map((series) => ({ ...series }));
      return { name, help, type, samples };
    });
    return all;
  }

  #add(name: string, source: () => MetricFamily): void {
    assert(metricName.test(name), `${name} is no metric name`);
    assert(!this.#sources.has(name), `metric ${name} exists already`);
    this.#sources.set(name, source);
  }
}

function histogramSample(bounds: readonly number[], buckets: Buckets): HistogramSample {
  let total = 0;
  const cumulative = buckets.counts.map((count) => (total += count));
  return { labels: buckets.labels, bounds, cumulative, sum: buckets.sum, count: buckets.count };
}
