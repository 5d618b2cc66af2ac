// Answers of TraceQL metrics queries as lines: labels, a small chart, and the figures that people look for.

import { oneLine } from "@clew/base";
import type { MetricSeries, TraceqlMetricsResult } from "@clew/model";
import { tableLines } from "./columns-text.ts";
import { costText } from "./cost-text.ts";
import { valuesText } from "./typed-value-text.ts";

const CHART_WIDTH = 40;
const BARS = "▁▂▃▄▅▆▇█";

const columns = [
  { title: "SERIES" },
  { title: "LAST", align: "right" },
  { title: "MIN", align: "right" },
  { title: "MAX", align: "right" },
  { title: "AVG", align: "right" },
  { title: "" },
] as const;

export function metricsText(result: TraceqlMetricsResult): string {
  if (result.series.length === 0) return `no series: no spans match ${costText(result.cost)}\n`;
  const lines = [...tableLines(columns, result.series.map(seriesRow))];
  if (result.partial !== undefined) lines.push("", oneLine(result.partial, 500));
  lines.push("", `${result.series.length} series ${costText(result.cost)}`);
  return `${lines.join("\n")}\n`;
}

function seriesRow(series: MetricSeries): readonly string[] {
  const values = series.samples.map(({ value }) => value).filter((value) => Number.isFinite(value));
  const sum = values.reduce((total, value) => total + value, 0);
  return [
    `{${valuesText(series.labels)}}`,
    figure(values.at(-1)),
    figure(values.length === 0 ? undefined : Math.min(...values)),
    figure(values.length === 0 ? undefined : Math.max(...values)),
    figure(values.length === 0 ? undefined : sum / values.length),
    chart(values),
  ];
}

function figure(value: number | undefined): string {
  if (value === undefined) return "-";
  return Number(value.toPrecision(4)).toString();
}

/** Bars from zero to the largest value; neighbours share a bar where there are more values than room. */
function chart(values: readonly number[]): string {
  if (values.length < 2) return "";
  const top = Math.max(...values);
  const each = Math.ceil(values.length / CHART_WIDTH);
  let line = "";
  for (let at = 0; at < values.length; at += each) {
    const bucket = Math.max(...values.slice(at, at + each));
    const height = top <= 0 ? 0 : Math.floor((Math.max(0, bucket) / top) * (BARS.length - 1));
    line += BARS[height] ?? " ";
  }
  return line;
}
