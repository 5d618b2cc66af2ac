// The API's questions as React Query hooks. Answers to a moving range stay on screen while the next
// ones load.

import { pathSegment } from "@clew/base";
import type {
  AttributeKey,
  AttributeScope,
  AttributeValue,
  Heatmap,
  LogRecord,
  OperationSummary,
  RedSeries,
  SamplingStatus,
  SearchResult,
  ServiceMap,
  ServiceSampling,
  ServiceSummary,
  SpanFilter,
} from "@clew/model";
import {
  type InfiniteData,
  keepPreviousData,
  type UseInfiniteQueryResult,
  type UseMutationResult,
  type UseQueryResult,
  useInfiniteQuery,
  useMutation,
  useQuery,
  useQueryClient,
} from "@tanstack/react-query";
import { printAttributeFilter } from "../router/attribute-filter.ts";
import { type ResolvedRange, stepFor } from "../router/time-range.ts";
import { apiJson, apiUrl, type QueryValue } from "./client.ts";

type Query = Readonly<Record<string, QueryValue>>;

function rangeQuery(range: ResolvedRange): { start: string; end: string } {
  return { start: String(range.startNano), end: String(range.endNano) };
}

/** A span filter as the API's query parameters. */
export function filterQuery(filter: Partial<SpanFilter>): Query {
  return {
    service: filter.service,
    operation: filter.operation,
    kind: filter.kind,
    status: filter.status,
    minDuration: filter.minDurationNano,
    maxDuration: filter.maxDurationNano,
    attribute: (filter.attributes ?? []).map(printAttributeFilter),
  };
}

function useJson<T>(path: string, query: Query, enabled = true): UseQueryResult<T> {
  const url = apiUrl(path, query);
  return useQuery({
    queryKey: [url],
    queryFn: ({ signal }) => apiJson<T>(url, signal),
    placeholderData: keepPreviousData,
    enabled,
  });
}

export function useServices(range: ResolvedRange): UseQueryResult<{ services: ServiceSummary[] }> {
  return useJson("/services", rangeQuery(range));
}

export function useOperations(
  service: string | undefined,
  range: ResolvedRange,
): UseQueryResult<{ operations: OperationSummary[] }> {
  return useJson(
    `/services/${pathSegment(service ?? "")}/operations`,
    rangeQuery(range),
    service !== undefined,
  );
}

export function useRed(
  range: ResolvedRange,
  filter: Partial<SpanFilter>,
  points: number,
): UseQueryResult<RedSeries> {
  return useJson("/red", {
    ...rangeQuery(range),
    step: stepFor(range, points),
    ...filterQuery(filter),
  });
}

export function useHeatmap(
  range: ResolvedRange,
  filter: Partial<SpanFilter>,
  points: number,
): UseQueryResult<Heatmap> {
  return useJson("/heatmap", {
    ...rangeQuery(range),
    step: stepFor(range, points),
    ...filterQuery(filter),
  });
}

export function useServiceMap(range: ResolvedRange): UseQueryResult<ServiceMap> {
  return useJson("/service-map", rangeQuery(range));
}

export function useTraceLogs(
  traceId: string,
  enabled: boolean,
): UseQueryResult<{ logs: LogRecord[] }> {
  return useJson(`/traces/${traceId}/logs`, {}, enabled);
}

/** Attribute keys that begin with `prefix`. */
export function useAttributeKeys(
  range: ResolvedRange,
  scope: AttributeScope,
  prefix: string,
  enabled: boolean,
): readonly AttributeKey[] {
  const query = { ...rangeQuery(range), scope, prefix, limit: 50 };
  const { data } = useJson<{ keys: AttributeKey[] }>("/attributes", query, enabled);
  return data?.keys ?? [];
}

export function useAttributeValues(
  range: ResolvedRange,
  scope: AttributeScope,
  key: string,
  prefix: string,
  enabled: boolean,
): UseQueryResult<{ values: AttributeValue[] }> {
  const path = `/attributes/${pathSegment(key)}/values`;
  return useJson(path, { ...rangeQuery(range), scope, prefix, limit: 50 }, enabled && key !== "");
}

/** Pages of traces; `fetchNextPage` follows the cursor. */
export function useTraceSearch(
  range: ResolvedRange,
  filter: SpanFilter,
  sort: "newest" | "slowest",
  limit = 100,
): UseInfiniteQueryResult<InfiniteData<SearchResult>> {
  const query = { ...rangeQuery(range), ...filterQuery(filter), sort, limit };
  return useInfiniteQuery({
    queryKey: [apiUrl("/traces", query), "pages"],
    queryFn: ({ pageParam, signal }) =>
      apiJson<SearchResult>(apiUrl("/traces", { ...query, cursor: pageParam }), signal),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => last.nextCursor,
    placeholderData: keepPreviousData,
  });
}

function samplingUrl(service: string): string {
  return apiUrl(`/sampling/${pathSegment(service)}`);
}

const SAMPLING_REFRESH_MS = 10_000;

/** How a service is sampled; asked again every ten seconds, as its rates move by themselves. */
export function useSampling(service: string): UseQueryResult<SamplingStatus> {
  const url = samplingUrl(service);
  return useQuery({
    queryKey: [url],
    queryFn: ({ signal }) => apiJson<SamplingStatus>(url, signal),
    refetchInterval: SAMPLING_REFRESH_MS,
  });
}

/** Sets how a service is sampled; `undefined` takes back what was set. */
export function useSetSampling(
  service: string,
): UseMutationResult<SamplingStatus, Error, ServiceSampling | undefined> {
  const client = useQueryClient();
  const url = samplingUrl(service);
  return useMutation({
    mutationFn: (sampling: ServiceSampling | undefined) =>
      apiJson<SamplingStatus>(
        url,
        undefined,
        sampling === undefined ? { method: "DELETE" } : { method: "PUT", body: sampling },
      ),
    onSuccess: (status) => client.setQueryData([url], status),
  });
}
