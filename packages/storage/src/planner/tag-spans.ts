// Spans that suggestions are made from: the newest of a range, so many at most, for which a filter holds. What
// is suggested need not be complete, but must be there at once.

import type { TimeRange } from "@clew/model";
import type { FieldReference, SpansetExpression } from "@clew/traceql";
import type { Engine, ReadOptions } from "../engines/engine.ts";
import type { ReadContext } from "../read/read-context.ts";
import { storableRange } from "../read/span-condition.ts";
import type { SqlParameters } from "../read/sql-parameters.ts";
import { prepareFields } from "./field-sql.ts";
import { type SpanSource, spanClause } from "./metrics/span-clause.ts";
import { conditionsOf, type SpanFilter, spanFilterOf } from "./metrics/span-filter.ts";

const MAX_READ_ROWS = 4_000_000;

/** Beyond so many rows of a table the engine stops and gives what it has. */
const BOUNDED: NonNullable<ReadOptions["settings"]> = {
  max_rows_to_read_leaf: MAX_READ_ROWS,
  read_overflow_mode_leaf: "break",
};

export class TagSpans {
  readonly #source: SpanSource;
  readonly #range: TimeRange;

  private constructor(source: SpanSource, range: TimeRange) {
    this.#source = source;
    this.#range = range;
  }

  /** @throws ClewError `bad_request` for fields that need the trace. */
  static async prepare(
    engine: Engine,
    tenant: string,
    range: TimeRange,
    filter: SpanFilter,
    wanted: readonly FieldReference[],
    context: ReadContext,
  ): Promise<TagSpans> {
    const fields = await prepareFields(
      engine,
      tenant,
      [...conditionsOf(filter), ...wanted],
      context,
    );
    return new TagSpans({ tenant, filter, fields }, storableRange(range));
  }

  typed(field: FieldReference, parameters: SqlParameters): string {
    return this.#source.fields.typed(field, parameters);
  }

  /** A subquery of `columns`. The table is read backwards along its key and no further than needed. */
  newest(columns: readonly string[], rows: number, parameters: SqlParameters, also = ""): string {
    return `(SELECT ${columns.join(", ")} FROM spans ${spanClause(this.#source, this.#range, parameters)}${also}
      ORDER BY tenant DESC, minute DESC LIMIT ${Math.trunc(rows)})`;
  }

  /** Options of a query over `newest`. */
  static options(context: ReadContext, parameters: SqlParameters): ReadOptions {
    return { ...context, parameters: parameters.values, settings: BOUNDED };
  }
}

/** Every span. */
export const ALL_SPANS: SpanFilter = { kind: "all", of: [] };

/** The filter where it looks at each span alone; undefined where it is about traces. */
export function tagFilter(filter: SpansetExpression | undefined): SpanFilter | undefined {
  if (filter === undefined) return ALL_SPANS;
  return spanFilterOf({ kind: "pipeline", stages: [filter], at: filter.at });
}

/** Whether a filter leaves nothing out: `{ }` is what clients send when they have none. */
export function isEverything(filter: SpansetExpression | undefined): boolean {
  if (filter === undefined) return true;
  const { kind } = filter;
  if (kind !== "filter" || filter.condition.kind !== "static") return false;
  return filter.condition.type === "bool" && filter.condition.value;
}
