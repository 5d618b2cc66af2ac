// Spans that suggestions are made from: the newest of a range, for which a filter holds. What
// is suggested need not be complete, but must be there at once.

import type { TimeRange } from "@clew/model";
import type { FieldReference, SpansetExpression } from "@clew/traceql";
import type { Engine, ReadOptions } from "../engines/engine.ts";
import { newestMinute } from "../read/newest-minute.ts";
import type { ReadContext } from "../read/read-context.ts";
import { storableRange } from "../read/span-condition.ts";
import { SqlParameters } from "../read/sql-parameters.ts";
import { WindowWalk } from "../read/window-walk.ts";
import { prepareFields } from "./field-sql.ts";
import { type SpanSource, spanClause } from "./metrics/span-clause.ts";
import { conditionsOf, type SpanFilter, spanFilterOf } from "./metrics/span-filter.ts";

const MAX_READ_ROWS = 4_000_000;
const FIRST_WINDOW_NANO = 240_000_000_000n;
/** Spans taken of a window. */
const MAX_SPANS = 20_000;
/** Counted values after which no older window is asked. */
const ENOUGH = 500;

/** Beyond so many rows of a window the engine stops and gives what it has. */
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

  /** SQL of an array of pairs: the values of every event (link) of a span, of other fields the one. */
  typedOfEach(field: FieldReference, parameters: SqlParameters): string {
    return this.#source.fields.typedOfEach(field, parameters);
  }

  /**
   * Counts rows of the newest spans, window by window until there are enough of them. `ask` gives the SQL of
   * one window; the last column of its rows is a count, the others are what is counted, most counted first.
   */
  async count(
    engine: Engine,
    ask: (spans: WindowOfSpans, parameters: SqlParameters) => string,
    context: ReadContext,
  ): Promise<readonly Counted[]> {
    const counts = new Map<string, { readonly values: readonly string[]; count: number }>();
    const walk = new WindowWalk(this.#range, FIRST_WINDOW_NANO);
    let total = 0;
    for (let window = walk.next(); window !== undefined; window = walk.next()) {
      const parameters = new SqlParameters();
      const clause = spanClause(this.#source, window, parameters);
      const newest: WindowOfSpans = (columns, also = "") =>
        `(SELECT ${columns} FROM spans ${clause}${also} LIMIT ${MAX_SPANS})`;
      const rows = await engine.readRows(ask(newest, parameters), {
        ...context,
        parameters: parameters.values,
        settings: BOUNDED,
      });
      const before = total;
      for (const row of rows as string[][]) {
        const values = row.slice(0, -1);
        const count = Number(row.at(-1));
        const key = JSON.stringify(values);
        const known = counts.get(key);
        if (known === undefined) counts.set(key, { values, count });
        else known.count += count;
        total += count;
      }
      if (total >= ENOUGH) break;
      await walk.growOverGap(total - before, ENOUGH - total, (range) =>
        newestMinute(engine, this.#source.tenant, range, context),
      );
    }
    return [...counts.values()].sort(byCount);
  }
}

/** A subquery of columns of the window's spans; `also` begins with AND. */
export type WindowOfSpans = (columns: string, also?: string) => string;

export interface Counted {
  readonly values: readonly string[];
  readonly count: number;
}

function byCount(a: Counted, b: Counted): number {
  return b.count - a.count || (a.values.join("\0") < b.values.join("\0") ? -1 : 1);
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
