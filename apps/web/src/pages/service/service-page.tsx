// One service: rate, errors and latency over time, the latency heat map, its operations.

import { formatDuration, oneLine } from "@clew/base";
import type { OperationSummary, RedSeries, SpanKindName } from "@clew/model";
import { type ReactElement, useMemo } from "react";
import { useHeatmap, useOperations, useRed } from "../../api/queries.ts";
import { HeatMap, type HeatRegion } from "../../charts/heat-map.tsx";
import TimeChart, { type ChartSeries } from "../../charts/time-chart.tsx";
import { formatShare } from "../../format/number.ts";
import { queryOfFilter } from "../../query/search-text.ts";
import { Link } from "../../router/link.tsx";
import { navigate } from "../../router/location.ts";
import { useRange } from "../../router/range-clock.ts";
import { printRoute, type RouteParams } from "../../router/routes.ts";
import controls from "../../ui/controls.module.css";
import { Icon } from "../../ui/icon.tsx";
import page from "../../ui/page.module.css";
import { type RedRow, RedTable } from "../../ui/red-table.tsx";
import { EmptyState, ErrorState, Loading, Progress } from "../../ui/states.tsx";
import { filterOf, requestKind, splitByKind } from "./request-kind.ts";
import { SamplingPanel } from "./sampling-panel.tsx";
import styles from "./service.module.css";

export default function ServicePage({
  service,
  params,
}: {
  service: string;
  params: RouteParams<"service">;
}): ReactElement {
  const { from, to } = params;
  return (
    <div className={page.page}>
      <title>{`${oneLine(service, 60)} · Clew`}</title>
      <div className={page.titleRow}>
        <h1>
          <Link to={printRoute("services", undefined, { from, to })} className={page.crumb}>
            Services /{" "}
          </Link>
          <bdi>{oneLine(service, 160)}</bdi>
        </h1>
        <Link
          className={controls.button}
          to={printRoute("search", undefined, { from, to, service })}
        >
          <Icon name="search" size={14} /> Search traces
        </Link>
        <Link
          className={controls.button}
          to={printRoute("query", undefined, {
            from,
            to,
            q: queryOfFilter({ service, attributes: [] }),
          })}
        >
          <Icon name="query" size={14} /> Query
        </Link>
      </div>
      <Charts service={service} params={params} />
      <Operations service={service} params={params} />
      <SamplingPanel service={service} />
    </div>
  );
}

/** Charts of the service's requests, as soon as it is known which of its spans those are. */
function Charts({ service, params }: PartProps): ReactElement {
  const operations = useOperations(service, useRange());
  if (operations.isPending)
    return (
      <section className={page.panel}>
        <Loading lines={8} />
      </section>
    );
  const kind = requestKind(operations.data?.operations ?? []);
  return (
    <>
      <RedCharts service={service} kind={kind} params={params} />
      <LatencyMap service={service} kind={kind} params={params} />
    </>
  );
}

interface PartProps {
  readonly service: string;
  readonly params: RouteParams<"service">;
}

interface ChartProps extends PartProps {
  /** Which spans are counted; undefined counts all. */
  readonly kind: SpanKindName | undefined;
}

// One unit for the whole axis, unlike a rate in a table.
const seconds = (value: number): string => `${Number(value.toPrecision(3))}/s`;

function RedCharts({ service, kind, params }: ChartProps): ReactElement {
  const query = useRed(useRange(), filterOf(service, kind), 120);
  const charts = useMemo(
    () => (query.data === undefined ? undefined : chartsOf(query.data)),
    [query.data],
  );
  if (query.isError)
    return (
      <section className={page.panel}>
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      </section>
    );
  const zoom = (fromMs: number, toMs: number): void =>
    navigate(
      printRoute("service", service, {
        ...params,
        from: new Date(fromMs).toISOString(),
        to: new Date(toMs).toISOString(),
      }),
    );
  const titles = ["Rate", "Errors", "Latency"];
  return (
    <div className={styles.charts}>
      {titles.map((title, i) => (
        <section key={title} className={page.panel}>
          <Progress active={query.isFetching && i === 0} />
          <div className={page.panelHead}>
            <h2>{title}</h2>
            <span className={page.hint}>{kind === undefined ? "all spans" : `${kind} spans`}</span>
          </div>
          {charts === undefined ? (
            <Loading lines={4} />
          ) : (
            <TimeChart
              times={charts.times}
              series={charts.series[i] ?? []}
              format={charts.formats[i] ?? seconds}
              onRange={zoom}
              label={`${title} over time`}
            />
          )}
        </section>
      ))}
    </div>
  );
}

interface ChartData {
  readonly times: readonly number[];
  readonly series: readonly (readonly ChartSeries[])[];
  readonly formats: readonly ((value: number) => string)[];
}

function chartsOf(red: RedSeries): ChartData {
  const start = Number(BigInt(red.startUnixNano) / 1_000_000n) / 1000;
  const step = red.stepNano / 1e9;
  const quiet = (values: readonly number[]): (number | null)[] =>
    values.map((value, i) => ((red.count[i] ?? 0) > 0 ? value : null));
  return {
    times: red.count.map((_, i) => start + i * step),
    series: [
      [
        {
          label: "requests",
          token: "accent",
          fill: true,
          values: red.count.map((count) => count / step),
        },
      ],
      [
        {
          label: "error rate",
          token: "error",
          fill: true,
          values: red.errorCount.map((errors, i) =>
            (red.count[i] ?? 0) > 0 ? errors / (red.count[i] as number) : 0,
          ),
        },
      ],
      [
        { label: "p50", token: "series-0", values: quiet(red.p50Nano) },
        { label: "p95", token: "series-1", values: quiet(red.p95Nano) },
        { label: "p99", token: "series-2", values: quiet(red.p99Nano), dash: [5, 3] },
      ],
    ],
    formats: [seconds, formatShare, formatDuration],
  };
}

function LatencyMap({ service, kind }: ChartProps): ReactElement {
  const query = useHeatmap(useRange(), filterOf(service, kind), 120);
  const open = (region: HeatRegion): void =>
    navigate(
      printRoute("search", undefined, {
        service,
        kind,
        from: new Date(region.fromMs).toISOString(),
        to: new Date(region.toMs).toISOString(),
        min: Math.round(region.minNano),
        max: Math.round(region.maxNano),
        sort: "slowest",
      }),
    );
  const empty =
    query.data !== undefined &&
    query.data.counts.every((column) => column.every((count) => count === 0));
  return (
    <section className={`${page.panel} ${styles.block}`}>
      <Progress active={query.isFetching} />
      <div className={page.panelHead}>
        <h2>Latency heat map</h2>
        <span className={page.hint}>
          Drag over a region to find its traces. A red edge marks cells with errors.
        </span>
      </div>
      {query.isPending && <Loading lines={5} />}
      {query.isError && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {empty && <EmptyState title="No spans in this time range" />}
      {query.data !== undefined && !empty && <HeatMap map={query.data} onRegion={open} />}
    </section>
  );
}

function Operations({ service, params }: PartProps): ReactElement {
  const query = useOperations(service, useRange());
  if (query.isPending)
    return (
      <section className={page.panel}>
        <Loading />
      </section>
    );
  if (query.isError)
    return (
      <section className={page.panel}>
        <ErrorState error={query.error} onRetry={() => void query.refetch()} />
      </section>
    );
  const { requests, others } = splitByKind(query.data.operations);
  if (requests.length + others.length === 0)
    return (
      <section className={page.panel}>
        <EmptyState title="No operations in this time range" />
      </section>
    );
  const part = { service, params, active: query.isFetching };
  return (
    <>
      <OperationTable {...part} title="Requests" hint="What others ask of it" list={requests} />
      <OperationTable
        {...part}
        title="Calls and work inside"
        hint="What it asks of others, and what it does itself"
        list={others}
      />
    </>
  );
}

interface OperationTableProps extends PartProps {
  readonly title: string;
  readonly hint: string;
  readonly list: readonly OperationSummary[];
  readonly active: boolean;
}

/** A panel with the operations of `list`; nothing when there are none. */
function OperationTable(props: OperationTableProps): ReactElement | undefined {
  const { service, params, title, hint, list, active } = props;
  const { from, to, sort = "-rate" } = params;
  if (list.length === 0) return undefined;
  const rows = list.map(
    (summary): RedRow => ({
      key: `${summary.kind} ${summary.operation}`,
      name: summary.operation,
      red: summary,
      href: printRoute("search", undefined, {
        from,
        to,
        service,
        operation: summary.operation,
        kind: summary.kind,
      }),
      note: summary.kind,
    }),
  );
  return (
    <section className={`${page.panel} ${styles.block}`}>
      <Progress active={active} />
      <div className={page.panelHead}>
        <h2>{title}</h2>
        <span className={page.hint}>{hint}</span>
      </div>
      <RedTable
        nameLabel={`${rows.length} ${rows.length === 1 ? "operation" : "operations"}`}
        rows={rows}
        sort={sort}
        onSort={(next) =>
          navigate(printRoute("service", service, { ...params, sort: next }), { replace: true })
        }
      />
    </section>
  );
}
