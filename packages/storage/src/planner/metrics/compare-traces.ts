// Counts of compare() over a pipeline about whole traces: its spans come by batches, and each batch is counted by
// the engine.

import { toHex } from "@clew/model";
import type { Compare, Pipeline } from "@clew/traceql";
import type { Engine } from "../../engines/engine.ts";
import type { ReadContext } from "../../read/read-context.ts";
import { fold } from "../field-fold.ts";
import { type MatchedSpans, readMatchedSpans } from "../traces/matched-spans.ts";
import { ReadBudget } from "../traces/read-budget.ts";
import { ContentCounts } from "./compare-contents.ts";
import type { CompareCounts } from "./compare-counts.ts";
import { chosenLimit } from "./compare-exemplars.ts";
import { tallyPart } from "./compare-parts.ts";
import {
  type ChosenSpan,
  type CompareScan,
  LISTED_SETTINGS,
  listedSpans,
  PARTS,
} from "./compare-sql.ts";
import { Tally } from "./compare-tally.ts";
import { hashBytes, LeastHashed } from "./least-hashed.ts";
import { type Steps, startsOf } from "./steps.ts";

/** Spans that one query names. The embedded engine reads the names on the thread that asks: some 70 ms for so many. */
const MAX_LISTED = 2000;

export interface TraceCompare {
  readonly tenant: string;
  readonly pipeline: Pipeline;
  readonly compare: Compare;
  readonly steps: Steps;
  readonly exemplars: number;
}

/** Counts, and spans for exemplars: `exemplars` of either side. */
export async function readTraceCounts(
  engine: Engine,
  { tenant, pipeline, compare, steps, exemplars }: TraceCompare,
  context: ReadContext,
): Promise<CompareCounts & { readonly chosen: readonly ChosenSpan[] }> {
  const limit = chosenLimit(exemplars);
  const chosen = new LeastHashed<ChosenSpan>(2 * limit, limit);
  const budget = new ReadBudget(context);
  const tally = new Tally(steps.count);
  const contents = new ContentCounts(steps.count);
  const conditions = [fold(compare.selection.condition)];
  const query = { tenant, pipeline, range: startsOf(steps), fields: [], numbers: [], conditions };
  for await (const batch of readMatchedSpans(engine, query, context)) {
    for (let from = 0; from < batch.length; from += MAX_LISTED) {
      const to = Math.min(batch.length, from + MAX_LISTED);
      const listed = listedOf(batch, from, to, compare.window);
      for (const span of listed) chosen.offer(String(span.isSelected), hashOf(span), () => span);
      const spans = listedSpans(tenant, listed);
      const scan: CompareScan = { tenant, spans, top: compare.top, steps };
      await Promise.all([
        ...PARTS.map((part) => tallyPart(engine, scan, part, tally, budget.context)),
        contents.count(engine, scan, budget.context, LISTED_SETTINGS),
      ]);
    }
  }
  await contents.tally(engine, tenant, tally, budget.context);
  return { sides: contents.sides, attributes: tally.attributes(), chosen: chosen.items() };
}

function hashOf({ traceId, spanId }: ChosenSpan): number {
  return hashBytes(Buffer.from(traceId + spanId, "hex"));
}

function listedOf(
  batch: MatchedSpans,
  from: number,
  to: number,
  window: Compare["window"],
): ChosenSpan[] {
  return Array.from({ length: to - from }, (_, i) => {
    const row = from + i;
    const startNano = batch.startNano[row] as bigint;
    const isInside = window === undefined || (startNano >= window.start && startNano < window.end);
    return {
      traceId: toHex(batch.traceIds, row * 16, 16),
      spanId: toHex(batch.spanIds, row * 8, 8),
      startNano,
      isSelected: isInside && batch.flags[0]?.[row] === 1,
    };
  });
}
