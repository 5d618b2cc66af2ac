// Questions in TraceQL as React Query hooks, and the names and values that completion asks for.

import type {
  TagNames,
  TagValue,
  TraceHealth,
  TraceqlMetricsResult,
  TraceqlSearchResult,
} from "@clew/model";
import {
  type InfiniteData,
  keepPreviousData,
  type UseInfiniteQueryResult,
  type UseQueryResult,
  useInfiniteQuery,
  useQuery,
} from "@tanstack/react-query";
import type { ResolvedRange } from "../router/time-range.ts";
import { apiJson, apiUrl, type QueryValue } from "./client.ts";

type Query = Readonly<Record<string, QueryValue>>;

function rangeQuery(range: ResolvedRange): { start: string; end: string } {
  return { start: String(range.startNano), end: String(range.endNano) };
}

export interface TraceqlSearchQuestion {
  readonly q: string;
  readonly range: ResolvedRange;
  readonly sort: "newest" | "slowest";
  /** Traces a page. */
  readonly limit: number;
  /** Spans shown of each spanset. */
  readonly spans: number;
}

/** Pages of traces. A moving range keeps the last answer on screen; another query does not. */
export function useTraceqlSearch(
  { q, range, sort, limit, spans }: TraceqlSearchQuestion,
  enabled: boolean,
): UseInfiniteQueryResult<InfiniteData<TraceqlSearchResult>> {
  const query: Query = { q, ...rangeQuery(range), sort, limit, spans };
  return useInfiniteQuery({
    queryKey: [
      "traceql",
      q,
      "search",
      sort,
      limit,
      spans,
      String(range.startNano),
      String(range.endNano),
    ],
    queryFn: ({ pageParam, signal }) =>
      apiJson<TraceqlSearchResult>(
        apiUrl("/traceql/search", { ...query, cursor: pageParam }),
        signal,
      ),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor,
    placeholderData: (previous, last) => (last?.queryKey[1] === q ? previous : undefined),
    enabled,
  });
}

export interface TraceqlMetricsQuestion {
  readonly q: string;
  readonly range: ResolvedRange;
  /** Nanoseconds; absent for one value over the whole range. */
  readonly stepNano?: number;
  readonly exemplars?: number;
}

export function useTraceqlMetrics(
  { q, range, stepNano, exemplars = 0 }: TraceqlMetricsQuestion,
  enabled: boolean,
): UseQueryResult<TraceqlMetricsResult> {
  const query: Query = {
    q,
    ...rangeQuery(range),
    step: stepNano,
    instant: stepNano === undefined ? "true" : undefined,
    exemplars,
  };
  const url = apiUrl("/traceql/metrics", query);
  return useQuery({
    queryKey: ["traceql", q, "metrics", url],
    queryFn: ({ signal }) => apiJson<TraceqlMetricsResult>(url, signal),
    placeholderData: (previous, last) => (last?.queryKey[1] === q ? previous : undefined),
    enabled,
  });
}

export function tagNamesUrl(range: ResolvedRange, filter: string | undefined): string {
  return apiUrl("/traceql/tags", { ...rangeQuery(range), filter, limit: 500 });
}

export function tagValuesUrl(
  range: ResolvedRange,
  field: string,
  prefix: string,
  filter: string | undefined,
): string {
  return apiUrl("/traceql/tag-values", { ...rangeQuery(range), field, prefix, filter, limit: 100 });
}

export interface TagNamesAnswer {
  readonly scopes: readonly TagNames[];
}

export interface TagValuesAnswer {
  readonly values: readonly TagValue[];
}

/** Names of attributes on the spans for which `filter` holds. */
export function useTagNames(
  range: ResolvedRange,
  filter: string | undefined,
  enabled: boolean,
): readonly TagNames[] {
  const url = tagNamesUrl(range, filter);
  const { data } = useQuery({
    queryKey: [url],
    queryFn: ({ signal }) => apiJson<TagNamesAnswer>(url, signal),
    placeholderData: keepPreviousData,
    enabled,
  });
  return data?.scopes ?? [];
}

export function useTagValues(
  range: ResolvedRange,
  field: string,
  prefix: string,
  filter: string | undefined,
  enabled: boolean,
): readonly TagValue[] {
  const url = tagValuesUrl(range, field, prefix, filter);
  const { data } = useQuery({
    queryKey: [url],
    queryFn: ({ signal }) => apiJson<TagValuesAnswer>(url, signal),
    enabled: enabled && field !== "",
  });
  return data?.values ?? [];
}

export function useTraceHealth(range: ResolvedRange): UseQueryResult<TraceHealth> {
  const url = apiUrl("/trace-health", rangeQuery(range));
  return useQuery({
    queryKey: [url],
    queryFn: ({ signal }) => apiJson<TraceHealth>(url, signal),
    placeholderData: keepPreviousData,
  });
}
