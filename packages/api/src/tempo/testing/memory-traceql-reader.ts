// A TraceQL reader for tests of the API: it remembers what it was asked and answers what it was given.

import type {
  ReadCost,
  ResultTrace,
  TagNames,
  TagNamesResult,
  TagValue,
  TagValuesResult,
  TraceqlMetricsResult,
  TraceqlSearchResult,
} from "@clew/model";
import type { TagQuery, TraceqlMetrics, TraceqlReader, TraceqlSearch } from "@clew/storage";

export const cost: ReadCost = {
  rows: 1200,
  bytes: 34_000,
  traces: 3,
  milliseconds: 5,
  plan: "spans",
};

export interface MemoryTraceqlReader extends TraceqlReader {
  readonly searches: TraceqlSearch[];
  readonly metricsAsked: TraceqlMetrics[];
  readonly tagsAsked: TagQuery[];
}

interface Answers {
  /** Newest first; a search gets those that start in its range. */
  readonly traces?: readonly ResultTrace[];
  readonly metrics?: TraceqlMetricsResult;
  readonly names?: readonly TagNames[];
  readonly values?: readonly TagValue[];
}

export function memoryTraceqlReader(answers: Answers = {}): MemoryTraceqlReader {
  const searches: TraceqlSearch[] = [];
  const metricsAsked: TraceqlMetrics[] = [];
  const tagsAsked: TagQuery[] = [];
  return {
    searches,
    metricsAsked,
    tagsAsked,
    async search(query): Promise<TraceqlSearchResult> {
      searches.push(query);
      const inRange = (answers.traces ?? []).filter(
        ({ startUnixNano }) =>
          BigInt(startUnixNano) >= query.range.startNano &&
          BigInt(startUnixNano) < query.range.endNano,
      );
      const from = Number(query.cursor ?? 0);
      const traces = inRange.slice(from, from + query.limit);
      const next = from + query.limit;
      return next < inRange.length ? { traces, cost, nextCursor: String(next) } : { traces, cost };
    },
    async metrics(query): Promise<TraceqlMetricsResult> {
      metricsAsked.push(query);
      return answers.metrics ?? { series: [], cost };
    },
    async tagNames(query): Promise<TagNamesResult> {
      tagsAsked.push(query);
      return { scopes: answers.names ?? [], cost };
    },
    async tagValues(query): Promise<TagValuesResult> {
      tagsAsked.push(query);
      return { values: answers.values ?? [], cost };
    },
  };
}
