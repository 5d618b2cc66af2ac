// The series of compare() as attributes with the shares of their values on both sides.

import type { MetricSeries, NamedValue } from "@clew/model";
import { valueText } from "./typed-text.ts";

export interface ComparedValue {
  readonly label: NamedValue;
  /** Spans of each side with this value. */
  readonly selection: number;
  readonly baseline: number;
}

export interface ComparedAttribute {
  readonly name: string;
  /** Spans of each side that have the attribute at all. */
  readonly selection: number;
  readonly baseline: number;
  /** The value whose shares differ most first. */
  readonly values: readonly ComparedValue[];
  readonly hasTooMany: boolean;
  /** Greatest difference of shares over the values, 0..1. */
  readonly difference: number;
}

export interface Comparison {
  /** Spans of each side, as the most frequent attribute shows them. */
  readonly selection: number;
  readonly baseline: number;
  /** The most telling first. */
  readonly attributes: readonly ComparedAttribute[];
}

type Side = "selection" | "baseline";

interface Draft {
  selection: number;
  baseline: number;
  hasTooMany: boolean;
  readonly values: Map<string, { label: NamedValue; selection: number; baseline: number }>;
}

function sumOf({ samples }: MetricSeries): number {
  return samples.reduce((sum, { value }) => sum + (Number.isFinite(value) ? value : 0), 0);
}

export function comparisonOf(series: readonly MetricSeries[]): Comparison {
  const drafts = new Map<string, Draft>();
  for (const one of series) addSeries(drafts, one);
  const all = [...drafts.values()];
  const selection = Math.max(0, ...all.map((draft) => draft.selection));
  const baseline = Math.max(0, ...all.map((draft) => draft.baseline));
  const share = (part: number, whole: number): number => (whole === 0 ? 0 : part / whole);
  const difference = (one: { selection: number; baseline: number }): number =>
    Math.abs(share(one.selection, selection) - share(one.baseline, baseline));
  const attributes = [...drafts].map(([name, draft]): ComparedAttribute => {
    const values = [...draft.values.values()].sort((a, b) => difference(b) - difference(a));
    return {
      name,
      selection: draft.selection,
      baseline: draft.baseline,
      hasTooMany: draft.hasTooMany,
      values,
      difference: values[0] === undefined ? 0 : difference(values[0]),
    };
  });
  return {
    selection,
    baseline,
    attributes: attributes.sort((a, b) => b.difference - a.difference),
  };
}

function addSeries(drafts: Map<string, Draft>, series: MetricSeries): void {
  const type = series.labels.find(({ name }) => name === "__meta_type")?.value;
  const label = series.labels.find(({ name }) => !name.startsWith("__meta_"));
  if (type?.type !== "string" || label === undefined) return;
  const side: Side = type.value.startsWith("selection") ? "selection" : "baseline";
  let draft = drafts.get(label.name);
  if (draft === undefined) {
    draft = { selection: 0, baseline: 0, hasTooMany: false, values: new Map() };
    drafts.set(label.name, draft);
  }
  const count = sumOf(series);
  if (type.value.endsWith("_total")) {
    draft[side] = count;
    return;
  }
  if (series.labels.some(({ name }) => name === "__meta_error")) {
    draft.hasTooMany = true;
    return;
  }
  const key = `${label.value.type} ${valueText(label.value, 2000)}`;
  const value = draft.values.get(key) ?? { label, selection: 0, baseline: 0 };
  value[side] += count;
  draft.values.set(key, value);
}
