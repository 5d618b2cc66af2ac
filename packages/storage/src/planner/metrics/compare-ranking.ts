// Which attributes tell a selection of spans from the rest: the root-cause question. An attribute is as telling
// as the value whose share of the selection differs most from its share of the baseline.

import type { TypedValue } from "@clew/model";

/** How many spans there are of each side. */
export interface Sides {
  readonly selection: number;
  readonly baseline: number;
}

/** The same by bucket. */
export interface SideColumns {
  readonly selection: Float64Array;
  readonly baseline: Float64Array;
}

/** Spans of each side with one value; `columns` where the range has more than one bucket. */
export interface ValueCount extends Sides {
  readonly value: TypedValue;
  readonly columns?: SideColumns | undefined;
}

/** Spans of each side that have an attribute. */
export interface AttributeCounts extends Sides {
  /** As a TraceQL reference: `span.http.route`, `resource.service.name`, `name`. */
  readonly name: string;
  readonly columns?: SideColumns | undefined;
  /** The most frequent of each side; empty when there are too many to be worth a look. */
  readonly values: readonly ValueCount[];
  readonly hasTooMany: boolean;
}

/** The most telling first, ties by name. */
export function rankAttributes(
  attributes: readonly AttributeCounts[],
  sides: Sides,
): AttributeCounts[] {
  const scores = new Map(attributes.map((one) => [one, attributeScore(one, sides)]));
  return [...attributes].sort(
    (a, b) => (scores.get(b) ?? 0) - (scores.get(a) ?? 0) || (a.name < b.name ? -1 : 1),
  );
}

/** 0..1: the greatest difference of shares over the values. */
function attributeScore({ values }: AttributeCounts, sides: Sides): number {
  return Math.max(
    0,
    ...values.map(({ selection, baseline }) =>
      Math.abs(share(selection, sides.selection) - share(baseline, sides.baseline)),
    ),
  );
}

function share(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole;
}
