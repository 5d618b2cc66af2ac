// Which traces may have a result, best first: by a bound that no span of their result can pass. The start of
// the newest span that may be in it, or the duration of the slowest.
//
// What a trace needs besides is looked for a few minutes around the window: a trace that reaches further than
// that is a candidate whatever it has there.

import type { TimeRange } from "@clew/model";
import type { Engine } from "../../engines/engine.ts";
import { newestMinute } from "../../read/newest-minute.ts";
import { storableRange } from "../../read/span-condition.ts";
import { SqlParameters } from "../../read/sql-parameters.ts";
import { allOf, FALSE, TRUE } from "../field-logic.ts";
import type { FieldCompiler } from "../field-sql.ts";
import { looksAtIndex, looksAtSpans } from "./formulas.ts";
import type { ReadBudget } from "./read-budget.ts";
import type { TracePlan } from "./trace-plan.ts";
import { type DayRange, daysAround, TraceSql } from "./trace-sql.ts";

const MINUTE_NANO = 60_000_000_000n;
/** How far around a window the spans of its traces are looked for. */
const AROUND_NANO = 2n * MINUTE_NANO;
/** Windows from this length on hold more of the trace index than lies beside them. */
const WIDE_NANO = 720n * MINUTE_NANO;
const MAX_LISTED_LONG = 10_000;

/**
 * Sets of ids are made while the query runs. To prune by the primary key, or to filter in PREWHERE, they would be
 * made while it is planned, which the embedded engine does on the main thread; minutes prune enough.
 */
const SETTINGS = { use_index_for_in_with_subqueries: 0, optimize_move_to_prewhere: 0 };

export interface Candidate {
  /** 32 hex digits. */
  readonly traceId: string;
  /** Nanoseconds: since 1970 (newest) or of duration (slowest). */
  readonly bound: bigint;
  /** A minute and a day that the trace has spans in. */
  readonly minute: number;
  readonly day: number;
}

export interface CandidateQuery {
  readonly sort: "newest" | "slowest";
  readonly window: TimeRange;
  /** Only spans up to this duration can be the slowest of a result. */
  readonly maxDuration?: bigint;
  /** Only candidates that come after this one. */
  readonly after?: Candidate;
  readonly limit: number;
}

export class CandidateSource {
  readonly #engine: Engine;
  readonly #tenant: string;
  readonly #range: TimeRange;
  readonly #plan: TracePlan;
  readonly #fields: FieldCompiler;
  readonly #budget: ReadBudget;
  #knownDays: Promise<DayRange | undefined> | undefined;

  /** `range`: of the whole search. */
  constructor(
    engine: Engine,
    { tenant, range }: { readonly tenant: string; readonly range: TimeRange },
    plan: TracePlan,
    fields: FieldCompiler,
    budget: ReadBudget,
  ) {
    this.#engine = engine;
    this.#tenant = tenant;
    this.#range = storableRange(range);
    this.#plan = plan;
    this.#fields = fields;
    this.#budget = budget;
  }

  /** The last minute (since 1970) of a part of the range with spans, candidates or not. */
  newestMinute(range: TimeRange): Promise<number | undefined> {
    return newestMinute(this.#engine, this.#tenant, range, this.#budget.context);
  }

  /** Whether the trace index alone tells the candidates, so that windows save nothing. */
  get isIndexOnly(): boolean {
    const { result, need } = this.#plan;
    return result.kind === "every" && need.kind !== "always" && !looksAtSpans(need);
  }

  /** In falling order of bound, then trace id. */
  async read(query: CandidateQuery): Promise<readonly Candidate[]> {
    const { need } = this.#plan;
    if (this.isIndexOnly) {
      const days = await this.#days;
      return days === undefined ? [] : await this.#rows((sql) => this.#fromIndex(query, sql, days));
    }
    const days = looksAtIndex(need) ? await this.#days : undefined;
    const near = this.#fromSpans(query, (sql) => sql.need(need, around(query), days));
    if (!looksAtSpans(need)) return await near;
    const [candidates, long] = await Promise.all([near, this.#longTraces(query)]);
    if (long?.length === 0) return candidates;
    return merged(candidates, await this.#readLong(query, long), query.limit);
  }

  /** Candidates among the long traces, whatever they have around the window. */
  async #readLong(
    query: CandidateQuery,
    long: readonly string[] | undefined,
  ): Promise<readonly Candidate[]> {
    const days = long === undefined ? await this.#days : undefined;
    return await this.#fromSpans(query, (sql) => {
      if (long !== undefined) return `trace_id IN ${sql.parameters.traceIds(long)}`;
      return days === undefined ? FALSE : `trace_id IN (${longSql(query, sql, days)})`;
    });
  }

  async #fromSpans(
    query: CandidateQuery,
    needed: (sql: TraceSql) => string,
  ): Promise<readonly Candidate[]> {
    const { sort, window, maxDuration } = query;
    return await this.#rows((sql) => {
      const { parameters } = sql;
      const conditions = [sql.spans(this.#plan.result)];
      if (maxDuration !== undefined)
        conditions.push(`duration <= ${parameters.int64(maxDuration)}`);
      const filter = allOf(conditions);
      const need = needed(sql);
      const also = need === TRUE ? "" : `${filter === TRUE ? "AND" : "WHERE"} ${need}`;
      const key = sort === "newest" ? "toUnixTimestamp64Nano(max(start))" : "max(duration)";
      return `SELECT lower(hex(trace_id)), ${key} AS bound, max(minute), toUInt16(max(day))
        FROM spans ${sql.clause(window, filter)} ${also}
        GROUP BY trace_id ${afterwards(query, parameters)}`;
    });
  }

  async #rows(write: (sql: TraceSql) => string): Promise<readonly Candidate[]> {
    const sql = this.#sql();
    const text = write(sql);
    const rows = await this.#engine.readRows(text, {
      ...this.#budget.context,
      parameters: sql.parameters.values,
      settings: SETTINGS,
    });
    return (rows as [string, string, number, number][]).map(([traceId, bound, minute, day]) => {
      return { traceId, bound: BigInt(bound), minute, day };
    });
  }

  #fromIndex(query: CandidateQuery, sql: TraceSql, days: DayRange): string {
    const { sort, window } = query;
    const { parameters } = sql;
    const last = parameters.int64(window.endNano - 1n);
    const bound =
      sort === "newest"
        ? `least(toUnixTimestamp64Nano(max(end)), ${last})`
        : "toUnixTimestamp64Nano(max(end)) - toUnixTimestamp64Nano(min(start))";
    const overlaps = [
      sql.having(this.#plan.need),
      `min(start) < ${parameters.time(window.endNano)}`,
      `max(end) >= ${parameters.time(window.startNano)}`,
    ];
    return `SELECT lower(hex(trace_id)), ${bound} AS bound, arrayMax(groupUniqArrayArray(minutes)),
      toUInt16(max(day)) ${sql.indexRows(days)} GROUP BY trace_id ${afterwards(query, parameters, overlaps)}`;
  }

  /** Traces that reach beyond what is looked at around a window; undefined when they are too many to list. */
  async #longTraces(query: CandidateQuery): Promise<readonly string[] | undefined> {
    const days = await this.#days;
    if (days === undefined) return [];
    const sql = this.#sql();
    const text = `SELECT DISTINCT lower(hex(trace_id)) FROM (${longSql(query, sql, days)})
      LIMIT ${MAX_LISTED_LONG + 1}`;
    const rows = await this.#engine.readRows(text, {
      ...this.#budget.context,
      parameters: sql.parameters.values,
      settings: SETTINGS,
    });
    return rows.length > MAX_LISTED_LONG ? undefined : rows.map(([id]) => id as string);
  }

  get #days(): Promise<DayRange | undefined> {
    this.#knownDays ??= this.#findDays();
    return this.#knownDays;
  }

  /** Days that the traces of the range are kept under; a replayed trace lies under the day of its arrival. */
  async #findDays(): Promise<DayRange | undefined> {
    const sql = this.#sql();
    // Whole minutes: the times themselves would be one more column to read.
    const rows = await this.#engine.readRows(
      `SELECT DISTINCT toUInt16(day) FROM spans WHERE ${sql.minutes(this.#range)}`,
      { ...this.#budget.context, parameters: sql.parameters.values },
    );
    return rows.length === 0 ? undefined : daysAround(rows.map(([day]) => day as number));
  }

  #sql(): TraceSql {
    return new TraceSql(this.#tenant, this.#fields, this.#plan.conditions, new SqlParameters());
  }
}

/** Two lists in falling order as one, each trace once. */
function merged(
  a: readonly Candidate[],
  b: readonly Candidate[],
  limit: number,
): readonly Candidate[] {
  const byId = new Map([...a, ...b].map((candidate) => [candidate.traceId, candidate]));
  return [...byId.values()].sort(fallingOrder).slice(0, limit);
}

function fallingOrder(a: Candidate, b: Candidate): number {
  if (a.bound !== b.bound) return a.bound > b.bound ? -1 : 1;
  return a.traceId > b.traceId ? -1 : 1;
}

/** Where the spans of a window's traces are looked for. */
function around({ window }: CandidateQuery): TimeRange {
  return storableRange({
    startNano: wholeMinute(window.startNano - AROUND_NANO),
    endNano: wholeMinute(window.endNano + AROUND_NANO + MINUTE_NANO - 1n),
  });
}

/**
 * Traces with rows of the index both in the window and beyond what is around it. The smaller set is the one
 * that is looked up: nothing is grouped, which would cost as much as the search itself.
 */
function longSql(query: CandidateQuery, sql: TraceSql, days: DayRange): string {
  const { window } = query;
  const { startNano, endNano } = around(query);
  const { parameters } = sql;
  const inside = `start < ${parameters.time(window.endNano)} AND end >= ${parameters.time(window.startNano)}`;
  const beyond = `(start < ${parameters.time(startNano)} OR end >= ${parameters.time(endNano)})`;
  const isWide = window.endNano - window.startNano > WIDE_NANO;
  const [read, listed] = isWide ? [inside, beyond] : [beyond, inside];
  return `SELECT trace_id ${sql.indexRows(days)} AND ${read}
    AND trace_id IN (SELECT trace_id ${sql.indexRows(days)} AND ${listed})`;
}

function afterwards(
  { after, limit }: CandidateQuery,
  parameters: SqlParameters,
  having: readonly string[] = [],
): string {
  const conditions = [...having];
  if (after !== undefined) {
    const bound = parameters.int64(after.bound);
    conditions.push(`(bound, trace_id) < (${bound}, ${parameters.traceId(after.traceId)})`);
  }
  const clause = conditions.length === 0 ? "" : `HAVING ${conditions.join(" AND ")}`;
  return `${clause} ORDER BY bound DESC, trace_id DESC LIMIT ${Math.trunc(limit)}`;
}

function wholeMinute(nano: bigint): bigint {
  return nano - (nano % MINUTE_NANO);
}
