// The RED and service-graph series of the store on one engine.

import type { Engine, QueryLimits } from "../../engines/engine.ts";
import { readContext } from "../../read/read-context.ts";
import { readThroughput } from "../../read/throughput.ts";
import type { RedSeriesReader } from "../../red-series-reader.ts";
import { readEdgeIncrements, readSpanIncrements } from "./red-increments.ts";

/** Reads the rollups through `engine`, which stays the caller's to close. */
export function openRedSeriesReader(
  engine: Engine,
  limits: Partial<QueryLimits> = {},
): RedSeriesReader {
  return {
    spanIncrements: (query, signal) =>
      readSpanIncrements(engine, query, readContext(limits, signal)),
    edgeIncrements: (query, signal) =>
      readEdgeIncrements(engine, query, readContext(limits, signal)),
    throughput: (query, signal) => readThroughput(engine, query, readContext(limits, signal)),
  };
}
