// The page of a search as it is answered: names and values of the spans that are shown, and what there is to
// say of each trace. Two queries, however many traces.

import type { NamedValue, ResultSpan, ResultSpanset, ResultTrace, TypedValue } from "@clew/model";
import type { FieldExpression, FieldReference } from "@clew/traceql";
import type { Engine } from "../../engines/engine.ts";
import { SqlParameters } from "../../read/sql-parameters.ts";
import { findSpanRows, readOverviews, type SpanRows } from "../../read/trace-overviews.ts";
import { type FieldCompiler, typedValue as typedOf } from "../field-sql.ts";
import { computedOf, homeOfReference, referenceAsSelf } from "./field-home.ts";
import type { FoundSpanset, FoundTrace, ShownSpan, SpanPlace } from "./found-traces.ts";
import type { ReadBudget } from "./read-budget.ts";
import { typedValue, type Value } from "./values.ts";

export interface DetailQuery {
  readonly engine: Engine;
  readonly tenant: string;
  readonly fields: FieldCompiler;
  /** The fields of which values are shown, in order. */
  readonly named: readonly FieldReference[];
  /** What the query asks of single spans: says which of several events is shown. */
  readonly conditions: readonly FieldExpression[];
  readonly budget: ReadBudget;
}

/** What one row of `spans` gives: its name, and a value for each distinct field. */
interface Detail {
  readonly name: string;
  readonly values: readonly TypedValue[];
}

export async function readDetails(
  query: DetailQuery,
  found: readonly FoundTrace[],
): Promise<readonly ResultTrace[]> {
  if (found.length === 0) return [];
  const { engine, tenant, budget } = query;
  const traces = found.map(({ candidate }) => candidate);
  const rows = await findSpanRows(engine, tenant, traces, budget.context);
  const [overviews, details] = await Promise.all([
    readOverviews(engine, rows, budget.context),
    SpanDetails.read(query, found, rows),
  ]);
  return found.flatMap(({ traceId, spansets }) => {
    const overview = overviews.get(traceId)?.trace;
    // Retention may have taken the trace since it was found.
    if (overview === undefined) return [];
    return [
      { ...overview, spansets: spansets.map((spanset) => details.spanset(traceId, spanset)) },
    ];
  });
}

class SpanDetails {
  readonly #shown: readonly ShownField[];
  readonly #details = new Map<string, Detail>();

  private constructor(named: readonly FieldReference[]) {
    this.#shown = shownFields(named);
  }

  static async read(
    { engine, fields, named, conditions, budget }: DetailQuery,
    found: readonly FoundTrace[],
    rows: SpanRows,
  ): Promise<SpanDetails> {
    const details = new SpanDetails(named);
    const parameters = new SqlParameters();
    const stored = named.filter((field) => computedOf(field) === undefined);
    const values = stored.map((field) =>
      fields.typedAsFound(referenceAsSelf(field), conditions, parameters),
    );
    const ids = new Set(found.flatMap(placesOf).map(({ spanId }) => spanId));
    const answer = await engine.readRows(
      `SELECT lower(hex(trace_id)), lower(hex(span_id)), toUnixTimestamp64Nano(start), name,
         [${["('', '')", ...values].join(", ")}]
       FROM spans ${rows.clause(parameters)}
         AND span_id IN ${parameters.spanIds([...ids])}`,
      { ...budget.context, parameters: parameters.values },
    );
    for (const row of answer) {
      const [traceId, spanId, start, name, pairs] = row as [
        string,
        string,
        string,
        string,
        [string, string][],
      ];
      const typed = pairs.slice(1).map(([type, text]) => typedOf(type, text));
      details.#details.set(detailKey(traceId, spanId, start), { name, values: typed });
    }
    return details;
  }

  spanset(traceId: string, { matched, values, spans }: FoundSpanset): ResultSpanset {
    return {
      matched,
      values: values.map(({ name, value }) => ({ name, value: typedValue(value) })),
      spans: spans.map((span) => this.#span(traceId, span)),
    };
  }

  #span(traceId: string, span: ShownSpan): ResultSpan {
    return {
      spanId: span.spanId,
      name: this.#detail(traceId, span)?.name ?? "",
      startUnixNano: String(span.start),
      durationNano: String(span.duration),
      values: this.#values(traceId, span),
    };
  }

  #values(traceId: string, span: ShownSpan): readonly NamedValue[] {
    return this.#shown.flatMap(({ field, source, index }) => {
      const value =
        source === "computed"
          ? typedValue(span.computed[index] as Value)
          : this.#detail(traceId, source === "self" ? span : span[source])?.values[index];
      if (value === undefined || value.type === "nil") return [];
      return [{ name: field.text, value }];
    });
  }

  #detail(traceId: string, place: SpanPlace | undefined): Detail | undefined {
    if (place === undefined) return undefined;
    return this.#details.get(detailKey(traceId, place.spanId, place.start));
  }
}

/** Where the value of a named field comes from: the row of a span, or what was computed with the result. */
interface ShownField {
  readonly field: FieldReference;
  readonly source: "computed" | "self" | "parent" | "root";
  readonly index: number;
}

function shownFields(named: readonly FieldReference[]): readonly ShownField[] {
  let computed = 0;
  let stored = 0;
  return named.map((field) => {
    const home = homeOfReference(field);
    return home === "several"
      ? { field, source: "computed", index: computed++ }
      : { field, source: home, index: stored++ };
  });
}

function detailKey(traceId: string, spanId: string, start: bigint | string): string {
  return `${traceId} ${spanId} ${start}`;
}

function placesOf({ spansets }: FoundTrace): SpanPlace[] {
  return spansets.flatMap(({ spans }) =>
    spans.flatMap((span) => [span, span.parent, span.root].filter((place) => place !== undefined)),
  );
}
