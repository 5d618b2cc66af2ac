// Looks at candidates, best first, until a page is full of traces that no other can push off it.

import { toHex } from "@clew/model";
import { storableRange } from "../../read/span-condition.ts";
import { WindowWalk } from "../../read/window-walk.ts";
import type { TraceqlSearch } from "../../traceql-reader.ts";
import type { Candidate, CandidateSource } from "./candidates.ts";
import {
  comparePositions,
  type FoundTrace,
  FoundTraces,
  shownSpanset,
  type TracePosition,
} from "./found-traces.ts";
import type { TraceReading } from "./read-traces.ts";
import { type Spanset, wholeTrace } from "./spanset.ts";
import type { TracePlan } from "./trace-plan.ts";
import { TraceView } from "./trace-view.ts";

const FIRST_WINDOW_NANO = 120_000_000_000n;
/** The engine holds sets of the trace ids of a window in memory. */
const LONGEST_WINDOW_NANO = 86_400_000_000_000n;
/** Candidates of one query. */
const MAX_BITE = 20_000;
/** Traces of one reading. */
const MAX_BATCH = 10_000;

export interface TraceSearchOptions {
  readonly query: TraceqlSearch;
  readonly plan: TracePlan;
  readonly source: CandidateSource;
  readonly reading: TraceReading;
  /** The last trace of the page before. */
  readonly after: TracePosition | undefined;
  /** Whether answers show values of parents or roots. */
  readonly needsKin: boolean;
}

export class TraceSearch {
  readonly #options: TraceSearchOptions;
  readonly #range: { readonly startNano: bigint; readonly endNano: bigint };
  readonly #found: FoundTraces;
  readonly #seen = new Set<string>();
  readonly #view: TraceView;

  constructor(options: TraceSearchOptions) {
    this.#options = options;
    this.#range = storableRange(options.query.range);
    this.#found = new FoundTraces(options.query.limit + 1);
    this.#view = new TraceView(options.reading.columns);
  }

  /** Up to one trace more than the page holds: the one that tells that there is a next page. */
  async page(): Promise<readonly FoundTrace[]> {
    const { query, source, after } = this.#options;
    const { startNano } = this.#range;
    if (query.sort === "slowest") {
      await this.#searchWindow(this.#range, after?.value);
      return this.#found.traces;
    }
    const endNano =
      after === undefined || after.value >= this.#range.endNano
        ? this.#range.endNano
        : after.value + 1n;
    if (source.isIndexOnly) {
      await this.#searchWindow({ startNano, endNano });
      return this.#found.traces;
    }
    const walk = new WindowWalk({ startNano, endNano }, FIRST_WINDOW_NANO, LONGEST_WINDOW_NANO);
    for (let window = walk.next(); window !== undefined; window = walk.next()) {
      const before = this.#settledAbove(window.endNano);
      if (await this.#searchWindow(window)) break;
      const settled = this.#settledAbove(window.startNano);
      if (settled > query.limit) break;
      const missing = query.limit + 1 - settled;
      await walk.growOverGap(settled - before, missing, (range) => source.newestMinute(range));
    }
    return this.#found.traces;
  }

  /** Traces that what starts before `nano` cannot push down. */
  #settledAbove(nano: bigint): number {
    return this.#found.countUpTo({ value: nano, traceId: "" });
  }

  /** Whether the page was full before the window was done. */
  async #searchWindow(
    window: { readonly startNano: bigint; readonly endNano: bigint },
    maxDuration?: bigint,
  ): Promise<boolean> {
    const { query, source } = this.#options;
    const asked = {
      sort: query.sort,
      window,
      limit: MAX_BITE,
      ...(maxDuration === undefined ? {} : { maxDuration }),
    };
    let bite = await source.read(asked);
    for (;;) {
      if (await this.#look(bite)) return true;
      const last = bite.at(-1);
      if (last === undefined || bite.length < MAX_BITE) return false;
      bite = await source.read({ ...asked, after: last });
    }
  }

  /** Evaluates candidates from the top until none of the rest can change the page. */
  async #look(candidates: readonly Candidate[]): Promise<boolean> {
    const { limit } = this.#options.query;
    const fresh = candidates.filter(({ traceId }) => !this.#seen.has(traceId));
    for (let from = 0; from < fresh.length; ) {
      const batch = fresh.slice(from, from + this.#batchSize());
      await this.#evaluate(batch);
      from += batch.length;
      const { bound: value, traceId } = batch.at(-1) as Candidate;
      if (this.#found.countUpTo({ value, traceId }) > limit) return true;
    }
    return false;
  }

  /** As many as are missing, if candidates go on to hold as often as so far; more when none has. */
  #batchSize(): number {
    const { limit } = this.#options.query;
    const found = this.#found.traces.length;
    const hitRate = (found + 1) / (this.#seen.size + 1);
    const wanted = Math.ceil((limit + 1 - Math.min(found, limit)) / hitRate);
    return Math.max(limit + 1, Math.min(MAX_BATCH, wanted));
  }

  async #evaluate(batch: readonly Candidate[]): Promise<void> {
    const byId = new Map(batch.map((candidate) => [candidate.traceId, candidate]));
    for (const { traceId } of batch) this.#seen.add(traceId);
    const { columns } = this.#options.reading;
    await this.#options.reading.read(batch, (trace) => {
      const traceId = toHex(columns.traceIds, trace * 16, 16);
      this.#view.open(trace);
      const candidate = byId.get(traceId);
      if (candidate !== undefined) this.#judge(candidate);
    });
  }

  #judge(candidate: Candidate): void {
    const { plan, query, after, needsKin } = this.#options;
    const view = this.#view;
    const spansets = plan.run(view, wholeTrace(view));
    const value = this.#value(spansets);
    if (value === undefined) return;
    const position = { value, traceId: candidate.traceId };
    if (after !== undefined && comparePositions(position, after) <= 0) return;
    this.#found.offer(position, () => ({
      ...position,
      candidate,
      spansets: spansets.map((spanset) =>
        shownSpanset(view, spanset, query.spansPerSpanset, plan.terms, needsKin),
      ),
    }));
  }

  /** What the trace is sorted by; undefined without a span of the result that starts in the range. */
  #value(spansets: readonly Spanset[]): bigint | undefined {
    const { startNano, endNano } = this.#range;
    const isNewest = this.#options.query.sort === "newest";
    let best: bigint | undefined;
    for (const { rows } of spansets) {
      for (const row of rows) {
        const start = this.#view.startNano(row);
        if (start < startNano || start >= endNano) continue;
        const value = isNewest ? start : this.#view.spanDurationNano(row);
        if (best === undefined || value > best) best = value;
      }
    }
    return best;
  }
}
