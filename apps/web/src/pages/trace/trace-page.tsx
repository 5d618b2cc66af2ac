// /trace/:traceId: loads the trace and shows it, or says why not.

import { ClewError } from "@clew/base";
import { useQuery } from "@tanstack/react-query";
import type { ReactElement } from "react";
import { Link } from "../../router/link.tsx";
import { printRoute, type RouteParams } from "../../router/routes.ts";
import { loadTrace } from "../../trace/load-trace.ts";
import { Button } from "../../ui/controls.tsx";
import { Icon } from "../../ui/icon.tsx";
import { EmptyState, ErrorState, Loading } from "../../ui/states.tsx";
import { TraceScreen } from "./trace-screen.tsx";

export default function TracePage({
  traceId,
  params,
}: {
  traceId: string;
  params: RouteParams<"trace">;
}): ReactElement {
  const query = useQuery({
    queryKey: ["trace", traceId],
    queryFn: ({ signal }) => loadTrace(traceId, signal),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    // Typed arrays of megabytes: comparing old and new would cost more than drawing.
    structuralSharing: false,
  });
  const reload = (): void => void query.refetch();
  if (query.data !== undefined && query.data.layout.spanCount > 0) {
    return (
      <TraceScreen
        key={query.dataUpdatedAt}
        model={query.data}
        params={params}
        onReload={reload}
        reloading={query.isFetching}
      />
    );
  }
  if (query.isPending) return <Loading lines={14} label="Loading trace" />;
  if (query.error !== null && ClewError.from(query.error).code !== "not_found") {
    return <ErrorState error={query.error} onRetry={reload} />;
  }
  return (
    <EmptyState
      title="This trace is not here (yet)"
      actions={
        <>
          <Button look="primary" onClick={reload} disabled={query.isFetching}>
            <Icon name="refresh" size={14} /> {query.isFetching ? "Looking…" : "Look again"}
          </Button>
          <Link to={printRoute("search", undefined)}>Search traces</Link>
        </>
      }
    >
      No span with trace id <code>{traceId}</code> is stored. If the request has only just run, its
      spans may still be arriving: senders batch them for some seconds. Otherwise it may have been
      sampled away, or be older than the retention.
    </EmptyState>
  );
}
