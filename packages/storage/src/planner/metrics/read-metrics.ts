// TraceQL metrics queries: the expression's leaves are read (read-series.ts, compare.ts), then second stages
// and arithmetic go over their series, and what is left becomes the answer.

import type { TraceqlMetricsResult } from "@clew/model";
import type { MetricsExpression, SeriesExpression } from "@clew/traceql";
import type { Engine } from "../../engines/engine.ts";
import type { ReadContext } from "../../read/read-context.ts";
import type { TraceqlMetrics } from "../../traceql-reader.ts";
import { combine, type Operand } from "./arithmetic.ts";
import { readCompare } from "./compare.ts";
import { metricsHints } from "./hints.ts";
import { type MetricsRead, readRange } from "./read-series.ts";
import { applyStages } from "./second-stages.ts";
import { answerOf, type SeriesSet } from "./series.ts";
import { stepsOf } from "./steps.ts";

/**
 * `nowSeconds` since 1970: what is younger than two minutes is not read from rollups.
 * @throws ClewError `bad_request`, `limit_exceeded`, `cancelled`, `unavailable`.
 */
export async function readMetrics(
  engine: Engine,
  query: TraceqlMetrics,
  context: ReadContext,
  nowSeconds: number = Date.now() / 1000,
): Promise<TraceqlMetricsResult> {
  const started = performance.now();
  const steps = stepsOf(query.range, query.stepNano);
  const { exemplars, isExtrapolated } = metricsHints(query.query.hints, query.exemplars);
  const plans = new Set<string>();
  const read: MetricsRead = {
    engine,
    tenant: query.tenant,
    steps,
    exemplars,
    isWeighted: isExtrapolated,
    now: nowSeconds,
    context,
    onPlan: (plan) => plans.add(plan),
  };
  const operand = await evaluate(read, query.query.expression);
  const set = typeof operand === "number" ? constant(operand, steps.count) : operand;
  return {
    ...answerOf(set, steps, { maxSeries: query.maxSeries, exemplars }),
    cost: {
      rows: 0,
      bytes: 0,
      traces: 0,
      milliseconds: performance.now() - started,
      plan: [...plans].sort().join(", "),
    },
  };
}

async function evaluate(read: MetricsRead, expression: MetricsExpression): Promise<Operand> {
  switch (expression.kind) {
    case "number":
      return expression.value;
    case "series":
      return applyStages(await readLeaf(read, expression), expression.then);
    case "arithmetic": {
      const [left, right] = await Promise.all([
        evaluate(read, expression.left),
        evaluate(read, expression.right),
      ]);
      const combined = combine(expression.operator, left, right);
      if (expression.then.length === 0) return combined;
      const set = typeof combined === "number" ? constant(combined, read.steps.count) : combined;
      return applyStages(set, expression.then);
    }
  }
}

function readLeaf(
  read: MetricsRead,
  { pipeline, function: leaf }: SeriesExpression,
): Promise<SeriesSet> {
  return leaf.kind === "compare"
    ? readCompare(read, pipeline, leaf)
    : readRange(read, pipeline, leaf);
}

/** A number by itself is a series that never changes. */
function constant(value: number, steps: number): SeriesSet {
  const values = new Float64Array(steps).fill(value);
  return { name: String(value), series: [{ labels: [], values, exemplars: [] }] };
}
