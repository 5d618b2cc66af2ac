// /search: filters at the left, duration over time on top, the traces found below.

import type { SpanFilter } from "@clew/model";
import { type ReactElement, useMemo, useRef } from "react";
import { useTraceSearch } from "../../api/queries.ts";
import { Scatter } from "../../charts/scatter.tsx";
import { listBindings } from "../../keyboard/bindings.ts";
import { useKeys } from "../../keyboard/use-keys.ts";
import { queryOfFilter } from "../../query/search-text.ts";
import { Link } from "../../router/link.tsx";
import { navigate } from "../../router/location.ts";
import { useRange } from "../../router/range-clock.ts";
import { printRoute, type RouteParams } from "../../router/routes.ts";
import controls from "../../ui/controls.module.css";
import { Button } from "../../ui/controls.tsx";
import { Icon } from "../../ui/icon.tsx";
import { EmptyState, ErrorState, Loading, Progress } from "../../ui/states.tsx";
import styles from "./search.module.css";
import { SearchFilters } from "./search-filters.tsx";
import { traceAddress } from "./trace-address.ts";
import { TraceList } from "./trace-list.tsx";

type Params = RouteParams<"search">;

/** The API's filter for the parameters of the address. */
export function filterOf(params: Params): SpanFilter {
  const { service, operation, kind, status, min, max, attr } = params;
  return {
    ...(service === undefined ? {} : { service }),
    ...(operation === undefined ? {} : { operation }),
    ...(kind === undefined ? {} : { kind }),
    ...(status === undefined ? {} : { status }),
    ...(min === undefined ? {} : { minDurationNano: min }),
    ...(max === undefined ? {} : { maxDurationNano: max }),
    attributes: attr ?? [],
  };
}

export default function SearchPage({ params }: { params: Params }): ReactElement {
  const range = useRange();
  const { sort = "newest" } = params;
  const query = useTraceSearch(range, filterOf(params), sort);
  const serviceInput = useRef<HTMLInputElement>(null);
  useKeys(listBindings, { find: () => serviceInput.current?.select() });
  const set = (change: Partial<Params>): void =>
    navigate(printRoute("search", undefined, { ...params, ...change }));
  const traces = useMemo(
    () => query.data?.pages.flatMap((page) => page.traces) ?? [],
    [query.data],
  );
  return (
    <div className={styles.screen}>
      <title>Search · Clew</title>
      <SearchFilters params={params} onChange={set} serviceInput={serviceInput} />
      <section
        className={styles.results}
        aria-label="Traces found"
        style={{ position: "relative" }}
      >
        <Progress active={query.isFetching && !query.isPending} />
        {query.isPending && <Loading lines={14} label="Searching" />}
        {query.isError && !query.isPending && traces.length === 0 && (
          <ErrorState error={query.error} onRetry={() => void query.refetch()} />
        )}
        {query.isSuccess && traces.length === 0 && <NothingFound params={params} onChange={set} />}
        {traces.length > 0 && (
          <>
            <div className={styles.scatter}>
              <Scatter
                traces={traces}
                range={range}
                onOpen={(trace, event) => {
                  if (event.ctrlKey || event.metaKey)
                    window.open(traceAddress(trace), "_blank", "noopener");
                  else navigate(traceAddress(trace));
                }}
              />
            </div>
            <div className={styles.bar}>
              <span role="status">
                {traces.length}
                {query.hasNextPage ? "+" : ""} {traces.length === 1 ? "trace" : "traces"}
              </span>
              <Legend />
              <AsTraceql params={params} />
              <span>
                <Button
                  look="quiet"
                  on={sort === "newest"}
                  aria-pressed={sort === "newest"}
                  onClick={() => set({ sort: undefined })}
                >
                  Newest
                </Button>
                <Button
                  look="quiet"
                  on={sort === "slowest"}
                  aria-pressed={sort === "slowest"}
                  onClick={() => set({ sort: "slowest" })}
                >
                  Slowest
                </Button>
              </span>
            </div>
            <TraceList
              traces={traces}
              hasMore={query.hasNextPage}
              loadingMore={query.isFetchingNextPage}
              moreError={query.isFetchNextPageError ? query.error : undefined}
              onMore={() => void query.fetchNextPage()}
            />
          </>
        )}
      </section>
    </div>
  );
}

/** The same search on the query page. */
function AsTraceql({ params }: { params: Params }): ReactElement {
  const { from, to, sort } = params;
  return (
    <Link
      className={`${controls.button} ${controls.quiet}`}
      to={printRoute("query", undefined, { from, to, sort, q: queryOfFilter(filterOf(params)) })}
    >
      <Icon name="query" size={14} /> Open as TraceQL
    </Link>
  );
}

function Legend(): ReactElement {
  return (
    <div className={styles.legend}>
      <span>
        <svg width="9" height="9" aria-hidden>
          <circle cx="4.5" cy="4.5" r="3.5" fill="var(--accent)" />
        </svg>{" "}
        ok
      </span>
      <span>
        <svg width="11" height="11" aria-hidden>
          <path d="M5.5 0 11 5.5 5.5 11 0 5.5z" fill="var(--error)" />
        </svg>{" "}
        with errors
      </span>
    </div>
  );
}

function NothingFound({
  params,
  onChange,
}: {
  params: Params;
  onChange: (change: Partial<Params>) => void;
}): ReactElement {
  const filtered = [
    params.service,
    params.operation,
    params.kind,
    params.status,
    params.min,
    params.max,
    params.attr,
  ].some((value) => value !== undefined);
  return (
    <EmptyState
      title={
        filtered ? "No trace has such a span in this time range" : "No traces in this time range"
      }
      actions={
        <>
          <AsTraceql params={params} />
          <Button onClick={() => onChange({ from: "now-24h", to: undefined })}>
            Look at the last 24 hours
          </Button>
          {filtered && (
            <Button
              onClick={() =>
                navigate(printRoute("search", undefined, { from: params.from, to: params.to }))
              }
            >
              Clear the filters
            </Button>
          )}
        </>
      }
    >
      {filtered
        ? "All conditions must hold for one and the same span. Loosen one of them, or widen the range."
        : "Widen the range, or start something that sends spans: npm run demo."}
    </EmptyState>
  );
}
