// TraceQL on one engine: each kind of question goes to the plan that answers it.

import type { Engine, QueryLimits } from "../engines/engine.ts";
import { readContext } from "../read/read-context.ts";
import type { TraceqlReader } from "../traceql-reader.ts";
import { readMetrics } from "./metrics/read-metrics.ts";
import { ReadMeter } from "./read-meter.ts";
import { localFilter, searchSpans } from "./span-search.ts";
import { readTagNames } from "./tag-names.ts";
import { readTagValues } from "./tag-values.ts";
import { searchWholeTraces } from "./traces/search-traces.ts";

export interface TraceqlReaderOptions {
  /** Limits of each query; the engine's own defaults unless given. */
  readonly limits?: Partial<QueryLimits>;
}

/** Reads the store through `engine`, which stays the caller's to close. */
export function openTraceqlReader(
  engine: Engine,
  { limits = {} }: TraceqlReaderOptions = {},
): TraceqlReader {
  const context = (signal: AbortSignal | undefined) => readContext(limits, signal);
  return {
    search: async (query, signal) => {
      const filter = localFilter(query.query.pipeline);
      const meter = new ReadMeter(engine);
      return meter.withCost(
        filter === undefined
          ? await searchWholeTraces(meter.engine, query, context(signal))
          : await searchSpans(meter.engine, query, filter, context(signal)),
      );
    },
    metrics: async (query, signal) => {
      const meter = new ReadMeter(engine);
      return meter.withCost(await readMetrics(meter.engine, query, context(signal)));
    },
    tagNames: async (query, signal) => {
      const meter = new ReadMeter(engine);
      return meter.withCost(await readTagNames(meter.engine, query, context(signal)));
    },
    tagValues: async (query, signal) => {
      const meter = new ReadMeter(engine);
      return meter.withCost(await readTagValues(meter.engine, query, context(signal)));
    },
  };
}
