// Search: spans that match a filter, shown as the traces they belong to, newest or slowest first. A trace
// shows once over all pages, under its newest (slowest) matching span. Spans are read from the top in
// small bites; for `newest` they come from windows of time that grow as long as too little is found, so a
// common filter reads a minute and a rare one reads the range once.

import { ClewError } from "@clew/base";
import type { SearchQuery, SearchResult } from "@clew/model";
import type { Engine } from "../engines/engine.ts";
import { FOUND_COLUMNS, type FoundSpan, foundSpan, nearDays } from "./found-span.ts";
import type { ReadContext } from "./read-context.ts";
import { readCursor, type SearchPosition, writeCursor } from "./search-cursor.ts";
import { SpanCondition, storableRange } from "./span-condition.ts";
import { SqlParameters } from "./sql-parameters.ts";
import { readSummaries } from "./trace-summaries.ts";

const FIRST_WINDOW_NANO = 60_000_000_000n;
const MIN_GROWTH = 2;
const MAX_GROWTH = 32;
const MAX_BITE_ROWS = 20_000;
/** Spans of one trace tend to match together: this many rows a missing trace are asked for ... */
const ROWS_A_TRACE = 16;
/** ... and this many where the filter names an operation. */
const ROWS_A_TRACE_OF_OPERATION = 6;

export async function searchTraces(
  engine: Engine,
  query: SearchQuery,
  context: ReadContext,
): Promise<SearchResult> {
  if (!Number.isInteger(query.limit) || query.limit < 1 || query.limit > 1000) {
    throw new ClewError("bad_request", "a page has 1 to 1000 traces", {
      hint: `got limit ${query.limit}`,
    });
  }
  const after = query.cursor === undefined ? undefined : readCursor(query.sort, query.cursor);
  const condition = await SpanCondition.prepare(engine, query.tenant, query.filter, context);
  const search = new Search(engine, query, condition, after, context);
  const found = await search.page();
  const page = found.slice(0, query.limit);
  const traces = await readSummaries(engine, query.tenant, page, context);
  const last = page.at(-1);
  if (found.length <= query.limit || last === undefined) return { traces };
  const shown = (after?.shown ?? 0) + page.length;
  return { traces, nextCursor: writeCursor(query.sort, { ...search.position(last), shown }) };
}

class Search {
  readonly #engine: Engine;
  readonly #query: SearchQuery;
  readonly #condition: SpanCondition;
  readonly #after: SearchPosition | undefined;
  readonly #context: ReadContext;
  readonly #found: FoundSpan[] = [];
  /** Traces of this page, and those that an earlier page showed. */
  readonly #settled = new Set<string>();

  constructor(
    engine: Engine,
    query: SearchQuery,
    condition: SpanCondition,
    after: SearchPosition | undefined,
    context: ReadContext,
  ) {
    this.#engine = engine;
    this.#query = query;
    this.#condition = condition;
    this.#after = after;
    this.#context = context;
  }

  /** Up to one trace more than the page holds: the one that tells that there is a next page. */
  async page(): Promise<readonly FoundSpan[]> {
    const { startNano, endNano } = storableRange(this.#query.range);
    if (this.#query.sort === "slowest") {
      await this.#readDown(startNano, endNano);
      return this.#found;
    }
    let high =
      this.#after === undefined || this.#after.value >= endNano ? endNano : this.#after.value + 1n;
    for (let width = FIRST_WINDOW_NANO; high > startNano && this.#missing > 0; ) {
      // Whole minutes are told apart by the primary key alone.
      const wanted = high - width - ((high - width) % FIRST_WINDOW_NANO);
      // What would be left of the range is read along when it is no longer than the window.
      const low = wanted - width > startNano ? wanted : startNano;
      const before = this.#found.length;
      await this.#readDown(low, high);
      width *= this.#growth(this.#found.length - before);
      high = low;
    }
    return this.#found;
  }

  /**
   * How much longer the next window is: enough for what is missing if traces go on as in the last one, and
   * the more on top the fewer were found, because a further query costs more than a longer window.
   */
  #growth(foundLately: number): bigint {
    const spare = 1.2 + 1.5 / Math.sqrt(foundLately);
    const wanted = Math.ceil((this.#missing / foundLately) * spare);
    return BigInt(Math.max(MIN_GROWTH, Math.min(MAX_GROWTH, wanted)));
  }

  position({ traceId, span }: FoundSpan): Omit<SearchPosition, "shown"> {
    return {
      value: this.#query.sort === "newest" ? BigInt(span.startUnixNano) : BigInt(span.durationNano),
      traceId,
    };
  }

  get #missing(): number {
    return this.#query.limit + 1 - this.#found.length;
  }

  /** Reads matching spans between two times from the top until the page is full or none is left. */
  async #readDown(low: bigint, high: bigint): Promise<void> {
    // Only the window in which the last page ended has anything above the cursor.
    const isBelow =
      this.#query.sort === "newest" && this.#after !== undefined && high <= this.#after.value;
    let below: Omit<SearchPosition, "shown"> | undefined = isBelow ? undefined : this.#after;
    // Traces of earlier pages come first again among the slower spans below their slowest one.
    const again = this.#query.sort === "slowest" ? Math.min(this.#after?.shown ?? 0, 1000) : 0;
    const each =
      this.#query.filter.operation === undefined ? ROWS_A_TRACE : ROWS_A_TRACE_OF_OPERATION;
    let rows = Math.min(MAX_BITE_ROWS, (this.#missing + again) * each);
    for (;;) {
      const bite = await this.#bite(low, high, below, rows);
      await this.#settle(bite);
      const last = bite.at(-1);
      if (this.#missing <= 0 || bite.length < rows || last === undefined) return;
      below = this.position(last);
      rows = Math.min(MAX_BITE_ROWS, rows * 4);
    }
  }

  async #settle(bite: readonly FoundSpan[]): Promise<void> {
    const fresh: FoundSpan[] = [];
    for (const found of bite) {
      if (this.#settled.has(found.traceId)) continue;
      this.#settled.add(found.traceId);
      fresh.push(found);
    }
    // A few more than the page needs are enough, unless earlier pages had them.
    for (let from = 0; from < fresh.length && this.#missing > 0; from += this.#query.limit + 1) {
      const slice = fresh.slice(from, from + this.#query.limit + 1);
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
  ): Promise<readonly FoundSpan[]> {
    const parameters = new SqlParameters();
    const key = this.#query.sort === "newest" ? "start" : "duration";
    const parts = [this.#condition.clause({ startNano: low, endNano: high }, parameters)];
    if (below !== undefined) {
      const value = key === "start" ? parameters.time(below.value) : parameters.int64(below.value);
      parts.push(`${key} <= ${value}`);
      parts.push(`(${key} < ${value} OR trace_id < ${parameters.traceId(below.traceId)})`);
    }
    const settled = [...this.#settled];
    if (settled.length > 0) parts.push(`trace_id NOT IN ${parameters.traceIds(settled)}`);
    const sql = `SELECT ${FOUND_COLUMNS} FROM spans ${parts.join(" AND ")}
     ORDER BY ${key} DESC, trace_id DESC LIMIT ${rows}`;
    const answer = await this.#engine.readRows(sql, {
      ...this.#context,
      parameters: parameters.values,
    });
    return answer.map(foundSpan);
  }

  /**
   * Which of these traces were on an earlier page, i.e. have a matching span above where that page ended.
   * The trace index leads to their rows, so this reads a few granules however deep the page is.
   */
  async #shownBefore(candidates: readonly FoundSpan[]): Promise<ReadonlySet<string>> {
    const after = this.#after;
    if (after === undefined || candidates.length === 0) return new Set();
    const { tenant, range, sort } = this.#query;
    const ids = candidates.map(({ traceId }) => traceId);
    const days = nearDays(candidates);
    const parameters = new SqlParameters();
    const places = await this.#engine.readRows(
      `SELECT groupUniqArrayArray(minutes) FROM trace_index WHERE tenant = ${parameters.text(tenant)}
         AND day IN ${parameters.days(days)} AND trace_id IN ${parameters.traceIds(ids)}`,
      { ...this.#context, parameters: parameters.values },
    );
    const minutes = ((places[0]?.[0] ?? []) as number[]).filter(
      (minute) => sort === "slowest" || BigInt(minute) >= after.value / FIRST_WINDOW_NANO,
    );
    if (minutes.length === 0) return new Set();
    return await this.#matchingAbove(ids, minutes, after, storableRange(range));
  }

  async #matchingAbove(
    ids: readonly string[],
    minutes: readonly number[],
    after: SearchPosition,
    range: SearchQuery["range"],
  ): Promise<ReadonlySet<string>> {
    const parameters = new SqlParameters();
    const key = this.#query.sort === "newest" ? "start" : "duration";
    const value = key === "start" ? parameters.time(after.value) : parameters.int64(after.value);
    const rows = await this.#engine.readRows(
      `SELECT DISTINCT lower(hex(trace_id)) FROM spans ${this.#condition.clause(range, parameters)}
         AND minute IN ${parameters.uint32s(minutes)} AND trace_id IN ${parameters.traceIds(ids)}
         AND ${key} >= ${value}
         AND (${key} > ${value} OR trace_id >= ${parameters.traceId(after.traceId)})`,
      { ...this.#context, parameters: parameters.values },
    );
    return new Set(rows.map(([id]) => id as string));
  }
}
