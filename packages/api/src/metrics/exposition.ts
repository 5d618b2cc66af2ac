// Prometheus text exposition format 0.0.4: https://prometheus.io/docs/instrumenting/exposition_formats/
// Families are plain data, so that any layer can offer its counters without importing this package.

import { assert } from "@clew/base";

export type Labels = Readonly<Record<string, string>>;

export interface MetricSample {
  readonly labels?: Labels;
  readonly value: number;
}

export interface HistogramSample {
  readonly labels?: Labels;
  /** Upper bounds ascending, in the metric's unit; the last bucket (+Inf) is `count`. */
  readonly bounds: readonly number[];
  /** Observations at or below each bound, cumulative; as long as `bounds`. */
  readonly cumulative: readonly number[];
  readonly sum: number;
  readonly count: number;
}

/** One metric with its samples at this moment. */
export type MetricFamily =
  | {
      readonly name: string;
      readonly help: string;
      readonly type: "counter" | "gauge";
      readonly samples: readonly MetricSample[];
    }
  | {
      readonly name: string;
      readonly help: string;
      readonly type: "histogram";
      readonly samples: readonly HistogramSample[];
    };

/** Content-Type of {@link renderMetrics}'s text. */
export const metricsContentType = "text/plain; version=0.0.4; charset=utf-8";

function escapeHelp(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
}

function escapeLabel(text: string): string {
  return escapeHelp(text).replaceAll('"', '\\"');
}

function number(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (value === Infinity) return "+Inf";
  if (value === -Infinity) return "-Inf";
  return String(value);
}

function line(name: string, labels: Labels, value: number): string {
  const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escapeLabel(text)}"`);
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${number(value)}\n`;
}

function histogramLines(name: string, sample: HistogramSample): string {
  const labels = sample.labels ?? {};
  let text = "";
  sample.bounds.forEach((bound, i) => {
    text += line(`${name}_bucket`, { ...labels, le: number(bound) }, sample.cumulative[i] ?? 0);
  });
  text += line(`${name}_bucket`, { ...labels, le: "+Inf" }, sample.count);
  return (
    text + line(`${name}_sum`, labels, sample.sum) + line(`${name}_count`, labels, sample.count)
  );
}

function familyText(family: MetricFamily): string {
  const { name, help } = family;
  let text = `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${family.type}\n`;
  if (family.type === "histogram") {
    for (const sample of family.samples) text += histogramLines(name, sample);
  } else {
    for (const sample of family.samples) text += line(name, sample.labels ?? {}, sample.value);
  }
  return text;
}

/** All families as text. A family that two sources offer is written once, with the samples of both. */
export function renderMetrics(families: Iterable<MetricFamily>): string {
  const byName = new Map<string, MetricFamily>();
  for (const family of families) {
    const known = byName.get(family.name);
    byName.set(family.name, known === undefined ? family : joined(known, family));
  }
  return [...byName.values()].map(familyText).join("");
}

function joined(first: MetricFamily, second: MetricFamily): MetricFamily {
  assert(first.type === second.type, `metric ${first.name} has two types`);
  const samples = [...first.samples, ...second.samples];
  return { ...first, samples } as MetricFamily;
}
