// Counts of compare() over a pipeline about whole traces: its spans come by batches, and each batch is counted by
// the engine.

import { toHex } from "@clew/model";
import type { Compare, Pipeline } from "@clew/traceql";
import type { Engine } from "../../engines/engine.ts";
import type { ReadContext } from "../../read/read-context.ts";
import { Turns } from "../../read/turns.ts";
import { fold } from "../field-fold.ts";
import { type MatchedSpans, readMatchedSpans } from "../traces/matched-spans.ts";
import { ReadBudget } from "../traces/read-budget.ts";
import { ContentCounts } from "./compare-contents.ts";
import type { CompareCounts } from "./compare-counts.ts";
import { chosenLimit } from "./compare-exemplars.ts";
import { listSpans } from "./compare-lists.ts";
import { tallyPart } from "./compare-parts.ts";
import {
  type ChosenSpan,
  LISTED_SETTINGS,
  type ListedSpans,
  listedSpans,
  PARTS,
} from "./compare-sql.ts";
import { Tally } from "./compare-tally.ts";
import { Lanes } from "./lanes.ts";
import { hashBytes, LeastHashed } from "./least-hashed.ts";
import { type Steps, startsOf } from "./steps.ts";

/** Statements at once. */
const LANES = 2;
/** Bytes of a span's ids, trace first. */
const ID_BYTES = 24;
/** Spans between looks at the clock. */
const ROWS = 256;

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
  const chooser = new Chooser(chosenLimit(exemplars));
  const budget = new ReadBudget(context);
  const tally = new Tally(steps.count);
  const contents = new ContentCounts(steps.count);
  const conditions = [fold(compare.selection.condition)];
  const range = startsOf(steps);
  const query = {
    tenant,
    pipeline,
    range,
    fields: [],
    numbers: [],
    conditions,
    needsKeys: true,
  };
  function* statements(lists: readonly ListedSpans[]): Generator<Promise<void>> {
    for (const list of lists) {
      const scan = { tenant, spans: listedSpans(tenant, list), top: compare.top, steps };
      for (const part of PARTS) yield tallyPart(engine, scan, part, tally, budget.context);
      yield contents.count(engine, scan, budget.context, LISTED_SETTINGS);
    }
  }
  const lanes = new Lanes(LANES);
  try {
    for await (const batch of readMatchedSpans(engine, query, context)) {
      const isSelected = (row: number): boolean => isOfSelection(batch, row, compare.window);
      await chooser.offer(batch, isSelected);
      const lists = await allOf(listSpans(batch, isSelected));
      await lanes.done();
      lanes.start(statements(lists));
    }
  } finally {
    await lanes.done();
  }
  await contents.tally(engine, tenant, tally, budget.context);
  return { sides: contents.sides, attributes: tally.attributes(), chosen: chooser.chosen() };
}

/** What a generator yields, made in turns. */
async function allOf<T>(generator: Iterable<T>): Promise<readonly T[]> {
  const all: T[] = [];
  const turns = new Turns();
  for (const one of generator) {
    all.push(one);
    if (turns.isOver) await turns.next();
  }
  return all;
}

function isOfSelection(batch: MatchedSpans, row: number, window: Compare["window"]): boolean {
  if (batch.flags[0]?.[row] !== 1) return false;
  const start = batch.startNano[row] as bigint;
  return window === undefined || (start >= window.start && start < window.end);
}

/** Keeps of either side the spans whose ids have the least hashes. */
class Chooser {
  readonly #isNeeded: boolean;
  readonly #spans: LeastHashed<ChosenSpan>;
  readonly #ids = Buffer.alloc(ID_BYTES);

  constructor(limit: number) {
    this.#isNeeded = limit > 0;
    this.#spans = new LeastHashed(2 * limit, limit);
  }

  async offer(batch: MatchedSpans, isSelected: (row: number) => boolean): Promise<void> {
    if (!this.#isNeeded) return;
    const turns = new Turns();
    for (let row = 0; row < batch.length; row++) {
      if (row % ROWS === 0 && turns.isOver) await turns.next();
      this.#ids.set(batch.traceIds.subarray(row * 16, row * 16 + 16));
      this.#ids.set(batch.spanIds.subarray(row * 8, row * 8 + 8), 16);
      const side = isSelected(row);
      this.#spans.offer(String(side), hashBytes(this.#ids), () => spanOf(batch, row, side));
    }
  }

  chosen(): readonly ChosenSpan[] {
    return this.#spans.items();
  }
}

function spanOf(batch: MatchedSpans, row: number, isSelected: boolean): ChosenSpan {
  return {
    key: batch.keys[row] as bigint,
    traceId: toHex(batch.traceIds, row * 16, 16),
    spanId: toHex(batch.spanIds, row * 8, 8),
    startNano: batch.startNano[row] as bigint,
    isSelected,
  };
}
