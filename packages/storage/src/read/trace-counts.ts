// What a list of traces says of each when it has to be exact: spans and errors by service, extent, root, and
// spans whose parent is missing. Counted in the engine, from a few columns of the minutes that the trace index
// names: a trace of a million spans is counted in a fraction of what reading it would take.

import type { Engine } from "../engines/engine.ts";
import type { TraceCounts } from "../trace-reader.ts";
import type { FoundTrace } from "./found-span.ts";
import type { ReadContext } from "./read-context.ts";
import {
  findSpanRows,
  knownTrace,
  type Overview,
  readOverviews,
  type SpanRows,
  type Wanted,
} from "./trace-overviews.ts";

/** Spans that are counted at once, unless one trace alone has more. */
const MAX_SPANS = 1_000_000;

/** Counts in the order of `found`; without traces that retention has taken since they were found. */
export async function readTraceCounts(
  engine: Engine,
  tenant: string,
  found: readonly FoundTrace[],
  context: ReadContext,
  maxSpans: number = MAX_SPANS,
): Promise<readonly TraceCounts[]> {
  if (found.length === 0) return [];
  const rows = await findSpanRows(engine, tenant, found.map(knownTrace), context);
  if (rows.spans > maxSpans && found.length > 1) {
    const middle = found.length >> 1;
    const halves: TraceCounts[] = [];
    for (const half of [found.slice(0, middle), found.slice(middle)])
      halves.push(...(await readTraceCounts(engine, tenant, half, context, maxSpans)));
    return halves;
  }
  const overviews = await readOverviews(engine, rows, context, orphansAmong(rows));
  return found.flatMap(({ traceId }) => countsOf(overviews.get(traceId)));
}

function countsOf(overview: Overview | undefined): TraceCounts[] {
  return overview === undefined ? [] : [{ ...overview.trace, orphanCount: overview.matched }];
}

/**
 * Spans whose parent is not among `rows`. The engine holds all their ids while it counts. An id is unique
 * within its trace only; mixed with a hash of the trace it is one number: pairs of five million spans need more
 * memory than a query has, such numbers do not. Two spans of different traces that share the number are as
 * unlikely as two equal random ids.
 */
function orphansAmong(rows: SpanRows): Wanted {
  const within = (id: string): string => `bitXor(cityHash64(trace_id), reinterpretAsUInt64(${id}))`;
  return {
    condition: (
      parameters,
    ) => `parent_span_id != toFixedString('', 8) AND ${within("parent_span_id")}
      NOT IN (SELECT ${within("span_id")} FROM spans ${rows.clause(parameters)})`,
    columns: () => [],
    most: 1,
  };
}
