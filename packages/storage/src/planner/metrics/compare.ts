// compare({selection}): how often each value of each attribute occurs among the spans of the selection and
// among the others of the pipeline (the baseline), with totals by attribute; the attributes that tell the two
// apart come first. Durations and ids are no attributes here; those of events and links, and the trace's root,
// are not looked at.

import type { NamedValue } from "@clew/model";
import type { Compare, Pipeline } from "@clew/traceql";
import { isSpanLocal, prepareFields } from "../field-sql.ts";
import { type CompareCounts, readCompareCounts } from "./compare-counts.ts";
import { type CompareExemplars, chooseSpans, compareExemplars } from "./compare-exemplars.ts";
import { type AttributeCounts, rankAttributes, type ValueCount } from "./compare-ranking.ts";
import { type ChosenSpan, type CompareScan, filteredSpans } from "./compare-sql.ts";
import { readTraceCounts } from "./compare-traces.ts";
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
  const { counts, chosen } = await readCounts(read, pipeline, compare);
  const { tenant, steps, context } = read;
  const scope = { tenant, steps, top: compare.top };
  const exemplars = await compareExemplars(read.engine, scope, chosen, context);
  const ranked = rankAttributes(counts.attributes, counts.sides).flatMap((attribute) =>
    SIDES.flatMap((side) => sideSeries(attribute, side, compare.top, exemplars)),
  );
  return { name: "compare", series: ranked, isOrdered: true };
}

interface Compared {
  readonly counts: CompareCounts;
  /** Spans that can be exemplars. */
  readonly chosen: readonly ChosenSpan[];
}

async function readCounts(
  read: MetricsRead,
  pipeline: Pipeline,
  compare: Compare,
): Promise<Compared> {
  const { engine, tenant, steps, exemplars, context } = read;
  const filter = spanFilterOf(pipeline, withLocalRoots);
  const condition = withLocalRoots(compare.selection.condition);
  if (filter === undefined || !isSpanLocal(condition)) {
    read.onPlan("traces");
    const asked = { tenant, pipeline, compare, steps, exemplars };
    const { chosen, ...counts } = await readTraceCounts(engine, asked, context);
    return { counts, chosen };
  }
  const expressions = [...conditionsOf(filter), condition];
  const fields = await prepareFields(engine, tenant, expressions, context);
  const source = { tenant, filter, fields };
  const spans = filteredSpans(source, steps, condition, compare.window);
  const scan: CompareScan = { tenant, spans, top: compare.top, steps };
  const [counts, chosen] = await Promise.all([
    readCompareCounts(engine, scan, context),
    chooseSpans(engine, scan, exemplars, context),
  ]);
  read.onPlan("spans");
  return { counts, chosen };
}

/** Of one attribute and side: its most frequent values, its total, or the note that there are too many. */
function sideSeries(
  attribute: AttributeCounts,
  side: Side,
  top: number,
  exemplars: CompareExemplars,
): Series[] {
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
    {
      ...series([text("__meta_type", `${side}_total`), nil], attribute, side),
      exemplars: exemplars(side, name),
    },
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
