// Which traces may have a result, best first: by a bound that no span of their result can pass. The start of
// the newest span that may be in it, or the duration of the slowest.
//
// What a trace needs besides is looked for a few minutes around the window: a trace that lasts longer than that
// is a candidate whatever it has there.

import type { TimeRange } from "@clew/model";
import type { Engine } from "../../engines/engine.ts";
import { storableRange } from "../../read/span-condition.ts";
import { SqlParameters } from "../../read/sql-parameters.ts";
import { allOf } from "../field-logic.ts";
import type { FieldCompiler } from "../field-sql.ts";
import { looksAtSpans } from "./formulas.ts";
import type { ReadBudget } from "./read-budget.ts";
import type { TracePlan } from "./trace-plan.ts";
import { type DayRange, daysAround, TraceSql } from "./trace-sql.ts";

const MINUTE_NANO = 60_000_000_000n;
/** How far around a window the spans of its traces are looked for. */
const AROUND_NANO = 2n * MINUTE_NANO;
/** A trace that lasts no longer than this lies around every window that it has a span in. */
const LONG_NANO = AROUND_NANO;
const MAX_LISTED_LONG = 10_000;

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
  readonly tenant: string;
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
  readonly #plan: TracePlan;
  readonly #fields: FieldCompiler;
  readonly #budget: ReadBudget;
  #days: Promise<DayRange | undefined> | undefined;
  #long: Promise<readonly string[] | undefined> | undefined;

  constructor(engine: Engine, plan: TracePlan, fields: FieldCompiler, budget: ReadBudget) {
    this.#engine = engine;
    this.#plan = plan;
    this.#fields = fields;
    this.#budget = budget;
  }

  /** Whether the trace index alone tells the candidates, so that windows save nothing. */
  get isIndexOnly(): boolean {
    const { result, need } = this.#plan;
    return result.kind === "every" && need.kind !== "always" && !looksAtSpans(need);
  }

  /** In falling order of bound, then trace id. `range`: of the whole search. */
  async read(query: CandidateQuery, range: TimeRange): Promise<readonly Candidate[]> {
    const { need } = this.#plan;
    const days = need.kind === "always" ? undefined : await this.#daysOf(query.tenant, range);
    if (need.kind !== "always" && days === undefined) return [];
    const sql = this.#sql(query.tenant);
    const text =
      days !== undefined && this.isIndexOnly
        ? this.#fromIndex(query, sql, days)
        : await this.#fromSpans(query, sql, range, days);
    const rows = await this.#engine.readRows(text, {
      ...this.#budget.context,
      parameters: sql.parameters.values,
    });
    return (rows as [string, string, number, number][]).map(([traceId, bound, minute, day]) => {
      return { traceId, bound: BigInt(bound), minute, day };
    });
  }

  async #fromSpans(
    query: CandidateQuery,
    sql: TraceSql,
    range: TimeRange,
    days: DayRange | undefined,
  ): Promise<string> {
    const { sort, window, maxDuration } = query;
    const { parameters } = sql;
    const conditions = [sql.spans(this.#plan.result)];
    if (maxDuration !== undefined) conditions.push(`duration <= ${parameters.int64(maxDuration)}`);
    if (days !== undefined) conditions.push(await this.#needed(query, sql, range, days));
    const key = sort === "newest" ? "toUnixTimestamp64Nano(max(start))" : "max(duration)";
    return `SELECT lower(hex(trace_id)), ${key} AS bound, max(minute), toUInt16(max(day))
      FROM spans ${sql.clause(window, allOf(conditions))}
      GROUP BY trace_id ${afterwards(query, parameters)}`;
  }

  async #needed(
    query: CandidateQuery,
    sql: TraceSql,
    range: TimeRange,
    days: DayRange,
  ): Promise<string> {
    const around = storableRange({
      startNano: wholeMinute(query.window.startNano - AROUND_NANO),
      endNano: wholeMinute(query.window.endNano + AROUND_NANO + MINUTE_NANO - 1n),
    });
    const { need } = this.#plan;
    const needed = sql.need(need, around, days);
    if (!looksAtSpans(need)) return needed;
    this.#long ??= this.#longTraces(query.tenant, range, days);
    const long = await this.#long;
    if (long === undefined) return `(${needed} OR trace_id IN (${longTraces(sql, range, days)}))`;
    return long.length === 0
      ? needed
      : `(${needed} OR trace_id IN ${sql.parameters.traceIds(long)})`;
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

  /** Traces that outlast what is looked at around a window; undefined when they are too many to list. */
  async #longTraces(
    tenant: string,
    range: TimeRange,
    days: DayRange,
  ): Promise<readonly string[] | undefined> {
    const sql = this.#sql(tenant);
    const text = `SELECT lower(hex(trace_id)) FROM (${longTraces(sql, range, days)}) LIMIT ${MAX_LISTED_LONG + 1}`;
    const rows = await this.#engine.readRows(text, {
      ...this.#budget.context,
      parameters: sql.parameters.values,
    });
    return rows.length > MAX_LISTED_LONG ? undefined : rows.map(([id]) => id as string);
  }

  /** Days that the traces of the range are kept under; a replayed trace lies under the day of its arrival. */
  #daysOf(tenant: string, range: TimeRange): Promise<DayRange | undefined> {
    const find = async (): Promise<DayRange | undefined> => {
      const sql = this.#sql(tenant);
      const rows = await this.#engine.readRows(
        `SELECT DISTINCT toUInt16(day) FROM spans ${sql.clause(range, "1")}`,
        { ...this.#budget.context, parameters: sql.parameters.values },
      );
      return rows.length === 0 ? undefined : daysAround(rows.map(([day]) => day as number));
    };
    this.#days ??= find();
    return this.#days;
  }

  #sql(tenant: string): TraceSql {
    return new TraceSql(tenant, this.#fields, this.#plan.conditions, new SqlParameters());
  }
}

function longTraces(sql: TraceSql, range: TimeRange, days: DayRange): string {
  const { parameters } = sql;
  return `SELECT trace_id ${sql.indexRows(days)} GROUP BY trace_id
    HAVING toUnixTimestamp64Nano(max(end)) - toUnixTimestamp64Nano(min(start)) > ${parameters.int64(LONG_NANO)}
     AND min(start) < ${parameters.time(range.endNano)} AND max(end) >= ${parameters.time(range.startNano)}`;
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
