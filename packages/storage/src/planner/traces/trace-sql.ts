// Formulas about spans and traces as SQL over table `spans` and the trace index. What a trace needs is said as
// sets of trace ids: which of them the engine reads, and in which order, is small against the spans themselves.

import type { TimeRange } from "@clew/model";
import type { FieldExpression } from "@clew/traceql";
import { minutesCondition, startConditions } from "../../read/span-condition.ts";
import type { SqlParameters } from "../../read/sql-parameters.ts";
import { allOf, anyOf, FALSE, TRUE } from "../field-logic.ts";
import type { FieldCompiler } from "../field-sql.ts";
import type { SpanFormula, TraceNeed } from "./formulas.ts";

/** A day of 65535 would be 2149. */
const MAX_DAY = 65_535;

/** One query's SQL: a condition that appears twice is written alike, so that the engine answers it once. */
export class TraceSql {
  readonly parameters: SqlParameters;
  readonly #tenant: string;
  readonly #fields: FieldCompiler;
  readonly #conditions: readonly FieldExpression[];
  readonly #known = new Map<number, string>();

  constructor(
    tenant: string,
    fields: FieldCompiler,
    conditions: readonly FieldExpression[],
    parameters: SqlParameters,
  ) {
    this.#tenant = tenant;
    this.#fields = fields;
    this.#conditions = conditions;
    this.parameters = parameters;
  }

  condition(number: number): string {
    let sql = this.#known.get(number);
    if (sql === undefined) {
      sql = this.#fields.condition(this.#conditions[number] as FieldExpression, this.parameters);
      this.#known.set(number, sql);
    }
    return sql;
  }

  spans(formula: SpanFormula): string {
    switch (formula.kind) {
      case "every":
        return TRUE;
      case "condition":
        return this.condition(formula.number);
      case "isRoot":
        return "parent_span_id = toFixedString('', 8)";
      case "and":
        return allOf(formula.parts.map((part) => this.spans(part)));
      case "or":
        return anyOf(formula.parts.map((part) => this.spans(part)));
    }
  }

  /** The condition for spans of the whole minutes that a range lies in. */
  minutes(range: TimeRange): string {
    return minutesCondition(this.#tenant, range, this.parameters);
  }

  /** The clause for spans of a range for which a condition holds; more can follow after AND. */
  clause(range: TimeRange, condition: string): string {
    const minutes = this.minutes(range);
    const starts = startConditions(range, this.parameters);
    const filters = condition === TRUE ? [] : [condition];
    // See span-condition.ts for why a filter is a PREWHERE.
    const keyword = filters.length > 0 ? "PREWHERE" : "WHERE";
    return `${keyword} ${[minutes, ...starts, ...filters].join(" AND ")}`;
  }

  /** Rows of the trace index under days `from .. to`. */
  indexRows({ from, to }: DayRange): string {
    const { parameters } = this;
    return `FROM trace_index WHERE tenant = ${parameters.text(this.#tenant)}
      AND day >= ${parameters.day(from)} AND day <= ${parameters.day(to)}`;
  }

  /**
   * Whether a row's trace has what is needed. `around` is where its spans are looked for; `days` where its
   * rows of the trace index are, undefined when there are none.
   */
  need(need: TraceNeed, around: TimeRange, days: DayRange | undefined): string {
    switch (need.kind) {
      case "always":
        return TRUE;
      case "and":
        return allOf(need.parts.map((part) => this.need(part, around, days)));
      case "or":
        return anyOf(need.parts.map((part) => this.need(part, around, days)));
      case "index":
        if (days === undefined) return FALSE;
        return `trace_id IN (SELECT trace_id ${this.indexRows(days)} GROUP BY trace_id HAVING ${this.measured(need)})`;
      case "absent": {
        const condition = this.spans(need.where);
        if (condition === FALSE) return TRUE;
        return `trace_id NOT IN (SELECT trace_id FROM spans ${this.clause(around, condition)})`;
      }
      case "exists": {
        const condition = this.spans(need.where);
        if (condition === FALSE) return FALSE;
        const counted =
          need.atLeast > 1
            ? ` GROUP BY trace_id HAVING count() >= ${Math.trunc(need.atLeast)}`
            : "";
        return `trace_id IN (SELECT trace_id FROM spans ${this.clause(around, condition)}${counted})`;
      }
    }
  }

  /** A need of the trace index alone, as a HAVING condition of rows grouped by trace. */
  having(need: TraceNeed): string {
    if (need.kind === "and") return allOf(need.parts.map((part) => this.having(part)));
    if (need.kind === "or") return anyOf(need.parts.map((part) => this.having(part)));
    return need.kind === "index" ? this.measured(need) : TRUE;
  }

  private measured(need: TraceNeed & { readonly kind: "index" }): string {
    const { measure, operator, value } = need;
    const measured =
      measure === "spans"
        ? "toInt64(sum(spans))"
        : "toUnixTimestamp64Nano(max(end)) - toUnixTimestamp64Nano(min(start))";
    const bound =
      typeof value === "bigint" ? this.parameters.int64(value) : this.parameters.float64(value);
    return `${measured} ${operator} ${bound}`;
  }
}

/** Days since 1970, both included. */
export interface DayRange {
  readonly from: number;
  readonly to: number;
}

/** Days that other rows of a trace can lie under when some of its spans lie under the given ones. */
export function daysAround(days: readonly number[]): DayRange {
  const from = Math.max(0, Math.min(...days) - 1);
  return { from, to: Math.min(MAX_DAY, Math.max(...days) + 1) };
}
