// The read side of the span store on one engine: each question has a file of its own beside this one.

import type { Engine, QueryLimits } from "../engines/engine.ts";
import type { TraceReader } from "../trace-reader.ts";
import { readAttributeKeys, readAttributeValues } from "./attribute-catalogue.ts";
import { ContentCache } from "./content-cache.ts";
import { readContext } from "./read-context.ts";
import { readTraceLogs } from "./read-logs.ts";
import { readTraces } from "./read-trace.ts";
import { searchTraceCounts, searchTraces } from "./search.ts";
import { readHeatmap, readRed } from "./series.ts";
import { readServiceMap } from "./service-map.ts";
import { readOperations, readServices } from "./services.ts";
import { readTraceHealth } from "./trace-health.ts";

const CONTENT_CACHE_BYTES = 16 * 1024 * 1024;

export interface TraceReaderOptions {
  /** Limits of each query; the engine's own defaults unless given. */
  readonly limits?: Partial<QueryLimits>;
  /** A larger trace, or more traces at once, are refused with `limit_exceeded`; 1,000,000 unless given. */
  readonly maxSpansPerTrace?: number;
  /** Log records that `traceLogs` returns at most, the earliest; 10,000 unless given. */
  readonly maxLogsPerTrace?: number;
}

/** Reads the store through `engine`, which stays the caller's to close. */
export function openTraceReader(engine: Engine, options: TraceReaderOptions = {}): TraceReader {
  const { limits = {}, maxSpansPerTrace = 1_000_000, maxLogsPerTrace = 10_000 } = options;
  const cache = new ContentCache(CONTENT_CACHE_BYTES);
  const context = (signal: AbortSignal | undefined) => readContext(limits, signal);
  return {
    trace: (tenant, traceId, signal) =>
      readTraces(engine, tenant, [traceId], maxSpansPerTrace, cache, context(signal)),
    traces: (tenant, traceIds, signal) =>
      readTraces(engine, tenant, traceIds, maxSpansPerTrace, cache, context(signal)),
    traceLogs: (tenant, traceId, signal) =>
      readTraceLogs(engine, tenant, traceId, maxLogsPerTrace, cache, context(signal)),
    search: (query, signal) => searchTraces(engine, query, context(signal)),
    searchCounts: (query, signal) => searchTraceCounts(engine, query, context(signal)),
    services: (query, signal) => readServices(engine, query, context(signal)),
    operations: (query, signal) => readOperations(engine, query, context(signal)),
    red: (query, signal) => readRed(engine, query, context(signal)),
    heatmap: (query, signal) => readHeatmap(engine, query, context(signal)),
    serviceMap: (query, signal) => readServiceMap(engine, query, context(signal)),
    traceHealth: (query, signal) => readTraceHealth(engine, query, context(signal)),
    attributeKeys: (query, signal) => readAttributeKeys(engine, query, context(signal)),
    attributeValues: (query, signal) => readAttributeValues(engine, query, context(signal)),
  };
}
