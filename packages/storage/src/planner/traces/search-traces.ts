// TraceQL search about whole traces: structure, aggregates, parents, groups.

import type { TraceqlSearchResult } from "@clew/model";
import type { Engine } from "../../engines/engine.ts";
import type { ReadContext } from "../../read/read-context.ts";
import type { TraceqlSearch } from "../../traceql-reader.ts";

/** @throws ClewError `limit_exceeded`, `cancelled`, `bad_request`. */
export async function searchWholeTraces(
  engine: Engine,
  query: TraceqlSearch,
  context: ReadContext,
): Promise<TraceqlSearchResult> {
  throw new Error(`not yet: ${engine.kind} ${query.tenant} ${context}`);
}
