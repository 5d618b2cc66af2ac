// Values of PromQL over the steps of a query; an instant query has one step.

export type Labels = Readonly<Record<string, string>>;

export interface Series {
  readonly labels: Labels;
  /** One a step; undefined where the series has no sample. */
  readonly values: readonly (number | undefined)[];
}

export type Value =
  | { readonly kind: "scalar"; readonly values: readonly number[] }
  | { readonly kind: "vector"; readonly series: readonly Series[] }
  | { readonly kind: "string"; readonly value: string };

/** The labels that `keep` holds for, in the order of their names. */
export function pickLabels(labels: Labels, keep: (name: string) => boolean): Labels {
  const pairs = Object.entries(labels).filter(([name]) => keep(name));
  return Object.fromEntries(pairs.toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)));
}

export function withoutName(labels: Labels): Labels {
  return pickLabels(labels, (name) => name !== "__name__");
}

/** Equal for equal labels. */
export function signature(labels: Labels): string {
  return JSON.stringify(Object.entries(pickLabels(labels, () => true)));
}

/** Series that keep their labels but the name, with other values; those without any value are left out. */
export function mapValues(
  series: readonly Series[],
  change: (value: number, step: number) => number | undefined,
): Series[] {
  return series.map(({ labels, values }) => ({
    labels: withoutName(labels),
    values: values.map((value, step) => (value === undefined ? undefined : change(value, step))),
  }));
}

/** Series that have at least one sample. */
export function present(series: readonly Series[]): Series[] {
  return series.filter(({ values }) => values.some((value) => value !== undefined));
}
