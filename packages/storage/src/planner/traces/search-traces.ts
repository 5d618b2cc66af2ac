// TraceQL search about whole traces: structure, aggregates, parents, groups. First which traces may have a
// result, then those one by one over columns in memory, best first, until the page is full; at last the page's
// details. See docs/adr/0011-whole-trace-queries.md.

import { ClewError } from "@clew/base";
import type { TraceqlSearchResult } from "@clew/model";
import { references } from "@clew/traceql";
import type { Engine } from "../../engines/engine.ts";
import type { ReadContext } from "../../read/read-context.ts";
import { readCursor, writeCursor } from "../../read/search-cursor.ts";
import type { TraceqlSearch } from "../../traceql-reader.ts";
import { prepareFields } from "../field-sql.ts";
import { CandidateSource } from "./candidates.ts";
import { computedOf, homeOfReference, referenceAsSelf } from "./field-home.ts";
import { ReadBudget } from "./read-budget.ts";
import { readDetails } from "./read-details.ts";
import { TraceReading } from "./read-traces.ts";
import { planTraces } from "./trace-plan.ts";
import { TraceSearch } from "./trace-search.ts";

/** @throws ClewError `limit_exceeded`, `cancelled`, `bad_request`. */
export async function searchWholeTraces(
  engine: Engine,
  query: TraceqlSearch,
  context: ReadContext,
): Promise<TraceqlSearchResult> {
  checkSizes(query);
  const { tenant, sort } = query;
  const after = query.cursor === undefined ? undefined : readCursor(sort, query.cursor);
  const budget = new ReadBudget(context);
  const named = references(query.query.pipeline);
  const computed = named.filter((field) => computedOf(field) !== undefined);
  const needsKin = named.some((field) => ["parent", "root"].includes(homeOfReference(field)));
  const plan = planTraces(query.query.pipeline, { fields: computed, needsKin });
  const stored = named.filter((field) => computedOf(field) === undefined).map(referenceAsSelf);
  const asked = [...plan.conditions, ...plan.values, ...plan.choices, ...stored];
  const fields = await prepareFields(engine, tenant, asked, budget.context);
  const reading = new TraceReading(engine, tenant, plan, fields, budget);
  const source = new CandidateSource(engine, query, plan, fields, budget);
  const search = new TraceSearch({ query, plan, source, reading, after, needsKin });
  const found = await search.page();
  const page = found.slice(0, query.limit);
  const { conditions } = plan;
  const traces = await readDetails({ engine, tenant, fields, named, conditions, budget }, page);
  const last = page.at(-1);
  const shown = (after?.shown ?? 0) + page.length;
  const cost = {
    rows: reading.spans,
    bytes: reading.bytes,
    traces: budget.traces,
    milliseconds: budget.milliseconds,
    plan: "traces",
  };
  if (found.length <= query.limit || last === undefined) return { traces, cost };
  const { value, traceId } = last;
  return { traces, nextCursor: writeCursor(sort, { value, traceId, shown }), cost };
}

function checkSizes({ limit, spansPerSpanset }: TraceqlSearch): void {
  if (!isWithin(limit, 1000)) {
    throw new ClewError("bad_request", "a page has 1 to 1000 traces", {
      hint: `got limit ${limit}`,
    });
  }
  if (!isWithin(spansPerSpanset, 10_000)) {
    throw new ClewError("bad_request", "1 to 10000 spans of each spanset can be shown", {
      hint: `got ${spansPerSpanset}`,
    });
  }
}

function isWithin(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= most;
}
