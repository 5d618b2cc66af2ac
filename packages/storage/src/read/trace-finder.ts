// The traces of a search: matching spans read from the top, newest or slowest first, each trace once over all
// pages, under its newest (slowest) matching span. Spans are read in small bites; for `newest` they come from
// windows of time that grow as long as too little is found.

import type { TimeRange } from "@clew/model";
import type { Engine } from "../engines/engine.ts";
import { type FoundColumns, type FoundTrace, nearDays } from "./found-span.ts";
import { newestMinute } from "./newest-minute.ts";
import type { ReadContext } from "./read-context.ts";
import type { SearchPosition, SearchSort } from "./search-cursor.ts";
import { storableRange } from "./span-condition.ts";
import { SqlParameters } from "./sql-parameters.ts";
import { WindowWalk } from "./window-walk.ts";

const MINUTE_NANO = 60_000_000_000n;
const MAX_BITE_ROWS = 20_000;

export interface TraceSearch<Found extends FoundTrace> {
  readonly tenant: string;
  readonly range: TimeRange;
  readonly sort: SearchSort;
  /** Traces a page. */
  readonly limit: number;
  /** Where the page before ended. */
  readonly after: SearchPosition | undefined;
  /** Matching spans that a trace has, at a guess: so many rows a missing trace are asked for. */
  readonly rowsATrace: number;
  readonly reads: FoundColumns<Found>;
  /** The clause for matching spans that start inside the range, with its keyword; more can follow after AND. */
  clause(range: TimeRange, parameters: SqlParameters): string;
}

/** A page of traces by their first matching spans; one more than the limit when there is a next page. */
export async function findTraces<Found extends FoundTrace>(
  engine: Engine,
  search: TraceSearch<Found>,
  context: ReadContext,
): Promise<readonly Found[]> {
  return await new TraceFinder(engine, search, context).page();
}

/** Where a page ends that shows `page` last, for the cursor; undefined when nothing follows. */
export function pageEnd(
  { sort, limit, after }: Pick<TraceSearch<FoundTrace>, "sort" | "limit" | "after">,
  found: readonly FoundTrace[],
): SearchPosition | undefined {
  const last = found[limit - 1];
  if (found.length <= limit || last === undefined) return undefined;
  return { ...position(sort, last), shown: (after?.shown ?? 0) + limit };
}

function position(sort: SearchSort, { traceId, span }: FoundTrace): Omit<SearchPosition, "shown"> {
  return {
    value: BigInt(sort === "newest" ? span.startUnixNano : span.durationNano),
    traceId,
  };
}

class TraceFinder<Found extends FoundTrace> {
  readonly #engine: Engine;
  readonly #search: TraceSearch<Found>;
  readonly #context: ReadContext;
  readonly #found: Found[] = [];
  /** Traces of this page, and those that an earlier page showed. */
  readonly #settled = new Set<string>();

  constructor(engine: Engine, search: TraceSearch<Found>, context: ReadContext) {
    this.#engine = engine;
    this.#search = search;
    this.#context = context;
  }

  /** Up to one trace more than the page holds: the one that tells that there is a next page. */
  async page(): Promise<readonly Found[]> {
    const { sort, after } = this.#search;
    const { startNano, endNano } = storableRange(this.#search.range);
    if (sort === "slowest") {
      await this.#readDown(startNano, endNano);
      return this.#found;
    }
    const high = after === undefined || after.value >= endNano ? endNano : after.value + 1n;
    const walk = new WindowWalk({ startNano, endNano: high });
    for (let window = walk.next(); window !== undefined; window = walk.next()) {
      const before = this.#found.length;
      await this.#readDown(window.startNano, window.endNano);
      if (this.#missing <= 0) break;
      await walk.growOverGap(this.#found.length - before, this.#missing, (range) =>
        newestMinute(this.#engine, this.#search.tenant, range, this.#context),
      );
    }
    return this.#found;
  }

  get #missing(): number {
    return this.#search.limit + 1 - this.#found.length;
  }

  /** Reads matching spans between two times from the top until the page is full or none is left. */
  async #readDown(low: bigint, high: bigint): Promise<void> {
    // Only the window in which the last page ended has anything above the cursor.
    const isBelow =
      this.#search.sort === "newest" &&
      this.#search.after !== undefined &&
      high <= this.#search.after.value;
    let below: Omit<SearchPosition, "shown"> | undefined = isBelow ? undefined : this.#search.after;
    // Traces of earlier pages come first again among the slower spans below their slowest one.
    const again =
      this.#search.sort === "slowest" ? Math.min(this.#search.after?.shown ?? 0, 1000) : 0;
    let rows = Math.min(MAX_BITE_ROWS, (this.#missing + again) * this.#search.rowsATrace);
    for (;;) {
      const bite = await this.#bite(low, high, below, rows);
      await this.#settle(bite);
      const last = bite.at(-1);
      if (this.#missing <= 0 || bite.length < rows || last === undefined) return;
      below = position(this.#search.sort, last);
      rows = Math.min(MAX_BITE_ROWS, rows * 4);
    }
  }

  async #settle(bite: readonly Found[]): Promise<void> {
    const fresh: Found[] = [];
    for (const found of bite) {
      if (this.#settled.has(found.traceId)) continue;
      this.#settled.add(found.traceId);
      fresh.push(found);
    }
    // A few more than the page needs are enough, unless earlier pages had them.
    for (let from = 0; from < fresh.length && this.#missing > 0; from += this.#search.limit + 1) {
      const slice = fresh.slice(from, from + this.#search.limit + 1);
      const shown = await this.#shownBefore(slice);
      for (const found of slice)
        if (!shown.has(found.traceId) && this.#missing > 0) this.#found.push(found);
    }
  }

  async #bite(
    low: bigint,
    high: bigint,
    below: Omit<SearchPosition, "shown"> | undefined,
    rows: number,
  ): Promise<readonly Found[]> {
    const parameters = new SqlParameters();
    const key = this.#search.sort === "newest" ? "start" : "duration";
    const parts = [this.#search.clause({ startNano: low, endNano: high }, parameters)];
    if (below !== undefined) {
      const value = key === "start" ? parameters.time(below.value) : parameters.int64(below.value);
      parts.push(`${key} <= ${value}`);
      parts.push(`(${key} < ${value} OR trace_id < ${parameters.traceId(below.traceId)})`);
    }
    const settled = [...this.#settled];
    if (settled.length > 0) parts.push(`trace_id NOT IN ${parameters.traceIds(settled)}`);
    const sql = `SELECT ${this.#search.reads.columns} FROM spans ${parts.join(" AND ")}
     ORDER BY ${key} DESC, trace_id DESC LIMIT ${rows}`;
    const answer = await this.#engine.readRows(sql, {
      ...this.#context,
      parameters: parameters.values,
    });
    return answer.map(this.#search.reads.found);
  }

  /**
   * Which of these traces were on an earlier page, i.e. have a matching span above where that page ended.
   * The trace index leads to their rows, so this reads a few granules however deep the page is.
   */
  async #shownBefore(candidates: readonly FoundTrace[]): Promise<ReadonlySet<string>> {
    const after = this.#search.after;
    if (after === undefined || candidates.length === 0) return new Set();
    const { tenant, range, sort } = this.#search;
    const ids = candidates.map(({ traceId }) => traceId);
    const days = nearDays(candidates);
    const parameters = new SqlParameters();
    const places = await this.#engine.readRows(
      `SELECT groupUniqArrayArray(minutes) FROM trace_index WHERE tenant = ${parameters.text(tenant)}
         AND day IN ${parameters.days(days)} AND trace_id IN ${parameters.traceIds(ids)}`,
      { ...this.#context, parameters: parameters.values },
    );
    const minutes = ((places[0]?.[0] ?? []) as number[]).filter(
      (minute) => sort === "slowest" || BigInt(minute) >= after.value / MINUTE_NANO,
    );
    if (minutes.length === 0) return new Set();
    return await this.#matchingAbove(ids, minutes, after, storableRange(range));
  }

  async #matchingAbove(
    ids: readonly string[],
    minutes: readonly number[],
    after: SearchPosition,
    range: TimeRange,
  ): Promise<ReadonlySet<string>> {
    const parameters = new SqlParameters();
    const key = this.#search.sort === "newest" ? "start" : "duration";
    const value = key === "start" ? parameters.time(after.value) : parameters.int64(after.value);
    const rows = await this.#engine.readRows(
      `SELECT DISTINCT lower(hex(trace_id)) FROM spans ${this.#search.clause(range, parameters)}
         AND minute IN ${parameters.uint32s(minutes)} AND trace_id IN ${parameters.traceIds(ids)}
         AND ${key} >= ${value}
         AND (${key} > ${value} OR trace_id >= ${parameters.traceId(after.traceId)})`,
      { ...this.#context, parameters: parameters.values },
    );
    return new Set(rows.map(([id]) => id as string));
  }
}
