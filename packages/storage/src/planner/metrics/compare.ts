// compare({selection}): how often each value of each attribute occurs among the spans of the selection and
// among the others of the pipeline (the baseline), with totals by attribute; the attributes that tell the two
// apart come first. Durations and ids are no attributes here; those of events and links, and the trace's root,
// are not looked at.

import { ClewError } from "@clew/base";
import type { NamedValue } from "@clew/model";
import type { Compare, Pipeline } from "@clew/traceql";
import { isSpanLocal, prepareFields } from "../field-sql.ts";
import { readCompareCounts } from "./compare-counts.ts";
import { type AttributeCounts, rankAttributes, type ValueCount } from "./compare-ranking.ts";
import type { CompareScan } from "./compare-sql.ts";
import type { MetricsRead } from "./read-series.ts";
import { withLocalRoots } from "./root-condition.ts";
import { type Series, type SeriesSet, valueKey } from "./series.ts";
import { conditionsOf, spanFilterOf } from "./span-filter.ts";

type Side = "baseline" | "selection";
const SIDES = ["baseline", "selection"] as const;

export async function readCompare(
  read: MetricsRead,
  pipeline: Pipeline,
  compare: Compare,
): Promise<SeriesSet> {
  const { engine, tenant, steps, context } = read;
  const filter = spanFilterOf(pipeline, withLocalRoots);
  const condition = withLocalRoots(compare.selection.condition);
  if (filter === undefined || !isSpanLocal(condition)) {
    throw new ClewError("bad_request", "compare() takes filters on single spans only", {
      hint: `at character ${compare.at.start + 1}: leave out structural operators, aggregates and fields of the trace`,
    });
  }
  const expressions = [...conditionsOf(filter), condition];
  const fields = await prepareFields(engine, tenant, expressions, context);
  const scan: CompareScan = {
    tenant,
    filter,
    fields,
    selection: condition,
    window: compare.window,
    top: compare.top,
    steps,
  };
  const counts = await readCompareCounts(engine, scan, context);
  read.onPlan("spans");
  const ranked = rankAttributes(counts.attributes, counts.sides).flatMap((attribute) =>
    SIDES.flatMap((side) => sideSeries(attribute, side, compare.top)),
  );
  return { name: "compare", series: ranked, isOrdered: true };
}

/** Of one attribute and side: its most frequent values, its total, or the note that there are too many. */
function sideSeries(attribute: AttributeCounts, side: Side, top: number): Series[] {
  const { name, hasTooMany } = attribute;
  if (attribute[side] === 0) return [];
  const type = text("__meta_type", side);
  const nil: NamedValue = { name, value: { type: "nil" } };
  const error = text("__meta_error", "__too_many_values__");
  return [
    ...mostFrequent(attribute.values, side, top).map((one) =>
      series([type, { name, value: one.value }], one, side),
    ),
    ...(hasTooMany ? [series([type, error, nil], attribute, side)] : []),
    series([text("__meta_type", `${side}_total`), nil], attribute, side),
  ];
}

function series(
  labels: readonly NamedValue[],
  counts: ValueCount | AttributeCounts,
  side: Side,
): Series {
  const values = counts.columns?.[side] ?? Float64Array.of(counts[side]);
  return { labels, values, exemplars: [] };
}

function text(name: string, value: string): NamedValue {
  return { name, value: { type: "string", value } };
}

function mostFrequent(values: readonly ValueCount[], side: Side, top: number): ValueCount[] {
  return values
    .filter((one) => one[side] > 0)
    .sort((a, b) => b[side] - a[side] || (valueKey(a.value) < valueKey(b.value) ? -1 : 1))
    .slice(0, top);
}
