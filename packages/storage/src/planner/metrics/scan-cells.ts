// The first stage by one scan over table `spans`. Grouped by bucket and the values of by(), the engine takes
// 120 ms for 20 million spans without a group and 220 ms by service on four cores; exact quantiles by name take
// 440 ms, as long as adding up the rollups' histograms does (docs/adr/0012-metrics-from-rollups.md).

import type { TimeRange, TypedValue } from "@clew/model";
import type { RangeAggregate } from "@clew/traceql";
import type { Engine } from "../../engines/engine.ts";
import type { ReadContext } from "../../read/read-context.ts";
import { forEachRow, type RowCursor } from "../../read/row-binary.ts";
import { SqlParameters } from "../../read/sql-parameters.ts";
import { type Cells, withGroups } from "./cells.ts";
import { MAX_EXPONENT } from "./first-stage.ts";
import { type GroupKey, groupKeys } from "./group-keys.ts";
import { exactLevel } from "./quantile.ts";
import { type SpanSource, spanClause } from "./span-clause.ts";
import { type Steps, startsOf } from "./steps.ts";

/** Relative error of sketched quantiles. */
const SKETCH_ERROR = 0.005;

export interface Scan extends SpanSource {
  readonly range: RangeAggregate;
  readonly steps: Steps;
  /** Whether a span counts as many times as it stands for (hint `extrapolate`). */
  readonly isWeighted: boolean;
  /** Quantiles within half a percent, in bounded memory, instead of exact ones. */
  readonly isSketched?: boolean;
}

/** Folds the spans that start inside `starts` into `cells`. */
export async function scanCells(
  engine: Engine,
  scan: Scan,
  cells: Cells,
  context: ReadContext,
  starts: TimeRange = startsOf(scan.steps),
): Promise<void> {
  if (starts.endNano <= starts.startNano) return;
  const parameters = new SqlParameters();
  const { sums, condition, exponent } = sumsOf(scan, parameters);
  const by = groupKeys(scan.range.by, scan.fields, parameters);
  const keys = by.map(({ sql }, i) => `${sql} AS g${i}`);
  if (exponent !== undefined) keys.push(`${exponent} AS exponent`);
  const names = scan.range.by.map((_, i) => `g${i}`);
  if (exponent !== undefined) names.push("exponent");
  const columns = [`${stepSql(scan.steps, parameters)} AS at`, ...keys, ...sums];
  const rows = engine.readBinary(
    `SELECT ${columns.join(",\n ")} FROM spans ${spanClause(scan, starts, parameters)} ${condition}
     GROUP BY ${["at", ...names].join(", ")}`,
    { ...withGroups(context, cells.maxRows), parameters: parameters.values },
  );
  await forEachRow(rows, (cursor) => readRow(cursor, scan, by, cells));
}

/** The bucket of a span, UInt32. */
export function stepSql(steps: Steps, parameters: SqlParameters): string {
  if (steps.isInstant) return "toUInt32(0)";
  const first = parameters.int64(steps.startNano + 1n);
  return `toUInt32(intDiv(toUnixTimestamp64Nano(start) - ${first}, ${parameters.int64(steps.stepNano)}))`;
}

/** The number that a function aggregates, NULL where a span has none. */
export function numberSql(
  { range, fields }: Pick<Scan, "range" | "fields">,
  parameters: SqlParameters,
): string | undefined {
  const { argument } = range;
  if (argument === undefined) return undefined;
  if (argument.kind === "intrinsic" && argument.name === "span:duration") return "duration";
  return fields.number(argument, parameters);
}

/** Exponent of a histogram's bucket, UInt16, of a number that is 2 or more. */
export function exponentSql(number: string): string {
  // The engine works out constants before it filters, and knows no integer for what is infinite.
  const value = `ifNull(toFloat64(${number}), 2)`;
  return `toUInt16(least(ceil(log2(if(${value} >= 2, ${value}, 2))), ${MAX_EXPONENT}))`;
}

interface Sums {
  /** Float64 each; one array of them for quantiles. */
  readonly sums: readonly string[];
  /** Begins with AND. */
  readonly condition: string;
  readonly exponent?: string;
}

function sumsOf(scan: Scan, parameters: SqlParameters): Sums {
  const { range, isWeighted } = scan;
  const count = isWeighted ? "toFloat64(sum(adjusted_count))" : "toFloat64(count())";
  const number = numberSql(scan, parameters);
  if (number === undefined) return { sums: [count], condition: "" };
  const value = `assumeNotNull(${number})`;
  const weighed = isWeighted
    ? `sum(toFloat64(${value}) * adjusted_count)`
    : `sum(toFloat64(${value}))`;
  const condition = `AND isNotNull(${number})`;
  switch (range.function) {
    case "min_over_time":
    case "max_over_time":
      return { sums: [`toFloat64(${range.function.slice(0, 3)}(${value}))`], condition };
    case "avg_over_time":
      return { sums: [weighed, count], condition };
    case "quantile_over_time":
      return { sums: [quantilesSql(scan, value)], condition };
    case "histogram_over_time":
      return {
        sums: [count],
        condition: `${condition} AND ${value} >= 2`,
        exponent: exponentSql(number),
      };
    default:
      return { sums: [weighed], condition };
  }
}

function quantilesSql(scan: Scan, value: string): string {
  const { name, levels, argument } = quantilesCall(scan, value);
  return `arrayMap(x -> toFloat64(x), ${name}(${levels})(${argument}))`;
}

/**
 * The aggregate function of quantiles. The levels are numbers that the checker has seen to lie in 0..1; the
 * engine takes them as literals only.
 */
export function quantilesCall(
  { range, isWeighted, isSketched }: Scan,
  value: string,
): { readonly name: string; readonly levels: string; readonly argument: string } {
  const levels = range.quantiles.map((p) => exactLevel(p).toFixed(15)).join(", ");
  const weight = "toUInt64(greatest(1, round(adjusted_count)))";
  // DDSketch takes no weights.
  if (isSketched === true && isWeighted) {
    return { name: "quantilesTDigestWeighted", levels, argument: `${value}, ${weight}` };
  }
  if (isSketched === true) {
    return {
      name: "quantilesDD",
      levels: `${SKETCH_ERROR}, ${levels}`,
      argument: `toFloat64(${value})`,
    };
  }
  if (!isWeighted) return { name: "quantilesExact", levels, argument: value };
  return { name: "quantilesExactWeighted", levels, argument: `${value}, ${weight}` };
}

/** Reads a row whole before anything is folded in: one that ends early is read again. */
function readRow(cursor: RowCursor, { range }: Scan, by: readonly GroupKey[], cells: Cells): void {
  const step = cursor.uint32();
  const group: TypedValue[] = by.map(({ read }) => read(cursor));
  if (range.function === "histogram_over_time")
    group.push({ type: "int", value: String(cursor.uint16()) });
  const count = range.function === "quantile_over_time" ? cursor.varint() : cells.folds.length;
  const sums = Array.from({ length: count }, () => cursor.float64());
  const at = cells.group(group);
  for (const [column, sum] of sums.entries()) cells.fold(at, column, step, sum);
}
