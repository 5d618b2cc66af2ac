// What a page of a span search shows of its traces.

import type { NamedValue, ResultSpan, ResultTrace } from "@clew/model";
import type { FieldReference } from "@clew/traceql";
import type { Engine } from "../engines/engine.ts";
import type { FoundTrace } from "../read/found-span.ts";
import type { ReadContext } from "../read/read-context.ts";
import type { SqlParameters } from "../read/sql-parameters.ts";
import {
  findSpanRows,
  knownTrace,
  readOverviews,
  type ShownSpan,
  type Wanted,
} from "../read/trace-overviews.ts";
import { TRUE } from "./field-logic.ts";
import { typedValue } from "./field-typed.ts";
import type { SpanSource } from "./metrics/span-clause.ts";
import { conditionsOf, filterSql } from "./metrics/span-filter.ts";
import { MAX_SHOWN, tooMuchShown } from "./shown-limit.ts";

export interface ShownSpans extends SpanSource {
  /** Fields of which the values are shown. */
  readonly named: readonly FieldReference[];
  /** Spans a trace, the first by start. */
  readonly spansPerSpanset: number;
}

/** The traces of the found spans, in their order. */
export async function readPage(
  engine: Engine,
  shown: ShownSpans,
  found: readonly FoundTrace[],
  context: ReadContext,
): Promise<readonly ResultTrace[]> {
  if (found.length === 0) return [];
  const rows = await findSpanRows(engine, shown.tenant, found.map(knownTrace), context);
  const overviews = await readOverviews(engine, rows, context, wantedOf(shown));
  const total = [...overviews.values()].reduce((sum, one) => sum + one.shown.length, 0);
  if (total > MAX_SHOWN) throw tooMuchShown(MAX_SHOWN);
  return found.flatMap(({ traceId }) => {
    const known = overviews.get(traceId);
    // Retention may have taken the trace since it was found.
    if (known === undefined) return [];
    const spans = known.shown.map((span) => resultSpan(shown.named, span));
    return [{ ...known.trace, spansets: [{ matched: known.matched, values: [], spans }] }];
  });
}

/** Whether a span matches; `1` when all do. */
function matchedSql({ filter, fields }: ShownSpans, parameters: SqlParameters): string {
  const sql = filterSql(filter, (condition) => fields.condition(condition, parameters));
  return typeof sql === "string" ? `(${sql})` : TRUE;
}

function wantedOf(shown: ShownSpans): Wanted {
  const { fields, named, filter, spansPerSpanset } = shown;
  const filters = conditionsOf(filter);
  return {
    condition: (parameters) => matchedSql(shown, parameters),
    columns: (parameters) => [
      "toString(name)",
      "duration",
      ...named.map((field) => textPair(fields.typedAsFound(field, filters, parameters))),
    ],
    most: spansPerSpanset,
  };
}

/** The pair as two texts, whatever kinds of text it was made of. */
function textPair(typed: string): string {
  return `toString((${typed}).1), toString((${typed}).2)`;
}

function resultSpan(named: readonly FieldReference[], span: ShownSpan): ResultSpan {
  const [startUnixNano, spanId, name = "", durationNano = "0", ...cells] = span;
  return { spanId, name, startUnixNano, durationNano, values: namedValues(named, cells) };
}

/** `cells`: for each field its type and its text. */
function namedValues(named: readonly FieldReference[], cells: readonly string[]): NamedValue[] {
  const values: NamedValue[] = [];
  for (const [i, { text }] of named.entries()) {
    const value = typedValue(cells[i * 2] ?? "", cells[i * 2 + 1] ?? "");
    if (value.type !== "nil") values.push({ name: text, value });
  }
  return values;
}
