// Distributions of durations from the rollups' histograms, for ranges with more spans than can be scanned in a
// moment. Buckets are 4.4 % wide, so a quantile is off by at most that. What the plan leaves to a scan is
// counted in the same buckets; spans at the very edge of two steps count in the later one.

import type { TypedValue } from "@clew/model";
import type { Engine } from "../../engines/engine.ts";
import { BUCKET_SQL, Histogram } from "../../read/histogram.ts";
import type { ReadContext } from "../../read/read-context.ts";
import { forEachRow } from "../../read/row-binary.ts";
import { SqlParameters } from "../../read/sql-parameters.ts";
import type { Cells } from "./cells.ts";
import { columnKey } from "./group-keys.ts";
import { namesAreKept, type RollupRead, rollupRows } from "./rollup-cells.ts";
import { type Scan, stepSql } from "./scan-cells.ts";
import { spanClause } from "./span-clause.ts";

/** Buckets an octave: the upper bound of bucket b is at most 2^(floor(b / 16) + 1). */
const OCTAVE = 16;

/** Folds the whole range into `cells`. False, and nothing folded, when rollups do not know its names. */
export async function rollupHistograms(
  engine: Engine,
  read: RollupRead,
  scan: Scan,
  cells: Cells,
  context: ReadContext,
): Promise<boolean> {
  if (!(await namesAreKept(engine, read, context))) return false;
  const isHistogram = read.range.function === "histogram_over_time";
  const found = new Map<string, FoundHistogram>();
  const add = (
    group: readonly TypedValue[],
    step: number,
    bucket: number,
    weight: number,
  ): void => {
    if (!isHistogram) return addTo(found, group, step, bucket, weight);
    if (bucket < OCTAVE) return;
    const exponent = String(Math.floor(bucket / OCTAVE) + 1);
    cells.fold(cells.group([...group, { type: "int", value: exponent }]), 0, step, weight);
  };
  await readBuckets(engine, read, rolledUp(read), add, context);
  for (const starts of read.plan.outside) {
    const source = (parameters: SqlParameters): string => {
      const keys = read.plan.by.map((column, i) => `${columnKey(column).sql} AS g${i}`);
      const columns = [
        `${stepSql(read.steps, parameters)} AS at`,
        ...keys,
        `${BUCKET_SQL} AS bucket`,
        `${read.isWeighted ? "toFloat64(adjusted_count)" : "toFloat64(1)"} AS w`,
      ];
      return `SELECT ${columns.join(", ")} FROM spans ${spanClause(scan, starts, parameters)}`;
    };
    await readBuckets(engine, read, source, add, context);
  }
  for (const { group, step, histogram } of found.values()) {
    const values = histogram.quantiles(read.range.quantiles);
    const at = cells.group(group);
    for (const [column, value] of values.entries()) cells.fold(at, column, step, value);
  }
  return true;
}

interface FoundHistogram {
  readonly group: readonly TypedValue[];
  readonly step: number;
  readonly histogram: Histogram;
}

function addTo(
  found: Map<string, FoundHistogram>,
  group: readonly TypedValue[],
  step: number,
  bucket: number,
  weight: number,
): void {
  const key = JSON.stringify([step, group]);
  let one = found.get(key);
  if (one === undefined) {
    one = { group, step, histogram: new Histogram() };
    found.set(key, one);
  }
  one.histogram.add(bucket, weight);
}

type Source = (parameters: SqlParameters) => string;

function rolledUp(read: RollupRead): Source {
  const { plan, steps } = read;
  return (parameters) => {
    const keys = plan.by.map((column, i) => `${columnKey(column).sql} AS g${i}`);
    const step = steps.isInstant
      ? "toUInt32(0)"
      : `toUInt32(intDiv(seconds - ${parameters.int64(steps.startNano / 1_000_000_000n)}, ${parameters.int64(steps.stepNano / 1_000_000_000n)}))`;
    return `SELECT ${[`${step} AS at`, ...keys, "bucket", "w"].join(", ")}
      FROM (${rollupRows(read, "hist", parameters)})
      ARRAY JOIN mapKeys(hist) AS bucket, mapValues(hist) AS w`;
  };
}

async function readBuckets(
  engine: Engine,
  { plan }: RollupRead,
  source: Source,
  add: (group: readonly TypedValue[], step: number, bucket: number, weight: number) => void,
  context: ReadContext,
): Promise<void> {
  const parameters = new SqlParameters();
  const names = plan.by.map((_, i) => `g${i}`);
  const keys = ["at", ...names, "bucket"].join(", ");
  const rows = engine.readBinary(
    `SELECT ${keys}, sum(w) FROM (${source(parameters)}) GROUP BY ${keys}`,
    { ...context, parameters: parameters.values },
  );
  await forEachRow(rows, (cursor) => {
    const step = cursor.uint32();
    const group = plan.by.map((column) => columnKey(column).read(cursor));
    const bucket = cursor.uint16();
    add(group, step, bucket, cursor.float64());
  });
}
