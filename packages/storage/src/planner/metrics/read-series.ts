// One metrics function over one pipeline: from rollups when the question allows it, by a scan of spans
// otherwise, span by span where the pipeline is about whole traces.

import type { Pipeline, RangeAggregate } from "@clew/traceql";
import type { Engine } from "../../engines/engine.ts";
import type { ReadContext } from "../../read/read-context.ts";
import { isSpanLocal, prepareFields } from "../field-sql.ts";
import { Cells } from "./cells.ts";
import { readExemplars } from "./exemplars.ts";
import { foldsOf, type GroupExemplar, seriesOf } from "./first-stage.ts";
import { readDistribution } from "./read-distribution.ts";
import { quickScanCells } from "./resample-cells.ts";
import { rollupCells } from "./rollup-cells.ts";
import { rollupPlan } from "./rollup-plan.ts";
import { withLocalRoots } from "./root-condition.ts";
import { type Scan, scanCells } from "./scan-cells.ts";
import type { SeriesSet } from "./series.ts";
import { conditionsOf, type SpanFilter, spanFilterOf } from "./span-filter.ts";
import type { Steps } from "./steps.ts";
import { traceCells } from "./trace-cells.ts";

export interface MetricsRead {
  readonly engine: Engine;
  readonly tenant: string;
  readonly steps: Steps;
  readonly exemplars: number;
  readonly isWeighted: boolean;
  /** Seconds since 1970. */
  readonly now: number;
  readonly context: ReadContext;
  /** Told how each part was answered. */
  readonly onPlan: (plan: string) => void;
}

export async function readRange(
  read: MetricsRead,
  pipeline: Pipeline,
  range: RangeAggregate,
): Promise<SeriesSet> {
  const { steps, tenant } = read;
  const cells = new Cells(foldsOf(range), steps.count);
  const filter = spanFilterOf(pipeline, withLocalRoots);
  const values = range.argument === undefined ? range.by : [...range.by, range.argument];
  let exemplars: readonly GroupExemplar[];
  if (filter === undefined || !values.every(isSpanLocal)) {
    read.onPlan("traces");
    const scan = { tenant, pipeline, range, steps, exemplars: read.exemplars };
    exemplars = await traceCells(read.engine, scan, cells, read.context);
  } else {
    exemplars = await readSpans(read, filter, range, cells);
  }
  return { name: range.function, series: seriesOf(range, cells, steps, exemplars) };
}

async function readSpans(
  read: MetricsRead,
  filter: SpanFilter,
  range: RangeAggregate,
  cells: Cells,
): Promise<readonly GroupExemplar[]> {
  const { engine, tenant, steps, isWeighted, context } = read;
  const values = range.argument === undefined ? range.by : [...range.by, range.argument];
  const expressions = [...conditionsOf(filter), ...values];
  const fields = await prepareFields(engine, tenant, expressions, context);
  const scan: Scan = { tenant, filter, fields, range, steps, isWeighted };
  const [, exemplars] = await Promise.all([
    foldSpans(read, scan, cells),
    readExemplars(engine, scan, read.exemplars, context),
  ]);
  return exemplars;
}

async function foldSpans(read: MetricsRead, scan: Scan, cells: Cells): Promise<void> {
  const { engine, context } = read;
  const { tenant, range, steps, isWeighted } = scan;
  if (range.function === "quantile_over_time" || range.function === "histogram_over_time") {
    read.onPlan(await readDistribution(engine, scan, cells, read.now, context));
    return;
  }
  const plan = rollupPlan(scan.filter, range, steps, read.now);
  if (plan !== undefined) {
    const rollups = { tenant, plan, range, steps, isWeighted };
    if (await rollupCells(engine, rollups, cells, context)) {
      for (const starts of plan.outside) await scanCells(engine, scan, cells, context, starts);
      read.onPlan("rollup");
      return;
    }
  }
  await quickScanCells(engine, scan, cells, context);
  read.onPlan("spans");
}
