// The first page: every service with its rate, errors and latency.

import { type ReactElement, useRef } from "react";
import { useServices } from "../../api/queries.ts";
import { listBindings } from "../../keyboard/bindings.ts";
import { useKeys } from "../../keyboard/use-keys.ts";
import { Link } from "../../router/link.tsx";
import { navigate } from "../../router/location.ts";
import { useRange } from "../../router/range-clock.ts";
import { printRoute, type RouteParams } from "../../router/routes.ts";
import controls from "../../ui/controls.module.css";
import { CopyButton, Input } from "../../ui/controls.tsx";
import { Icon } from "../../ui/icon.tsx";
import page from "../../ui/page.module.css";
import { type RedRow, RedTable } from "../../ui/red-table.tsx";
import { EmptyState, ErrorState, Loading, Progress } from "../../ui/states.tsx";
import styles from "./services.module.css";

export function ServicesPage({ params }: { params: RouteParams<"services"> }): ReactElement {
  const query = useServices(useRange());
  const filterInput = useRef<HTMLInputElement>(null);
  useKeys(listBindings, { find: () => filterInput.current?.focus() });
  const { from, to, q = "", sort = "-rate" } = params;
  const set = (change: Partial<RouteParams<"services">>): void =>
    navigate(printRoute("services", undefined, { ...params, ...change }), { replace: true });
  if (query.isPending) return <Loading lines={10} label="Loading services" />;
  if (query.isError) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  const { services } = query.data;
  if (services.length === 0) return <NoServices narrow={from !== undefined} />;
  const wanted = q.toLowerCase();
  const rows = services
    .filter(({ service }) => service.toLowerCase().includes(wanted))
    .map(
      (summary): RedRow => ({
        key: summary.service,
        name: summary.service,
        red: summary,
        href: printRoute("service", summary.service, { from, to }),
        note: summary.basis === "spans" ? "all spans" : undefined,
      }),
    );
  return (
    <div className={page.page}>
      <title>Services · Clew</title>
      <div className={page.titleRow}>
        <h1>Services</h1>
        <Link
          className={controls.button}
          to={printRoute("query", undefined, {
            from,
            to,
            q: "{ } | rate() by(resource.service.name)",
          })}
        >
          <Icon name="query" size={14} /> Query
        </Link>
        <Input
          ref={filterInput}
          className={styles.filter}
          value={q}
          placeholder="Filter services"
          aria-label="Filter services"
          onChange={(event) => set({ q: event.target.value })}
          onKeyDown={(event) => {
            if (event.key === "Escape") set({ q: undefined });
          }}
        />
      </div>
      <section className={page.panel}>
        <Progress active={query.isFetching} />
        {rows.length === 0 ? (
          <EmptyState title={`No service is called “${q.slice(0, 80)}”`}>
            {services.length} others sent spans in this time range.
          </EmptyState>
        ) : (
          <RedTable
            nameLabel={`${rows.length} ${rows.length === 1 ? "service" : "services"}`}
            rows={rows}
            sort={sort}
            onSort={(next) => set({ sort: next })}
          />
        )}
      </section>
    </div>
  );
}

const environment = "OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318";

function NoServices({ narrow }: { narrow: boolean }): ReactElement {
  return (
    <div className={styles.welcome}>
      <h1>{narrow ? "No spans in this time range" : "Clew is ready; no spans have arrived yet"}</h1>
      <p>
        {narrow
          ? "Nothing was received between these two instants. Try a wider range, or send something:"
          : "Two ways to see your first trace:"}
      </p>
      <ol className={styles.ways}>
        <li>
          <h2>Look around with the demo shop</h2>
          <p>
            Starts a few small services that call each other, with traffic, errors and one slow
            query to find.
          </p>
          <Command text="npm run demo" />
        </li>
        <li>
          <h2>Send your own spans</h2>
          <p>
            Any OpenTelemetry SDK or collector will do. Clew listens for OTLP on gRPC port{" "}
            <code>4317</code> and HTTP port <code>4318</code>:
          </p>
          <Command text={environment} />
        </li>
      </ol>
      <p className={styles.after}>
        Spans show up here within a second or two. Turn on refresh at the top right, or press
        reload.
      </p>
    </div>
  );
}

function Command({ text }: { text: string }): ReactElement {
  return (
    <div className={styles.command}>
      <code>{text}</code>
      <CopyButton text={text} />
    </div>
  );
}
