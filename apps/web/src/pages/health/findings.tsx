// What is wrong with traces, a table each: what it shows, what that means, what to do.

import { formatDuration, oneLine } from "@clew/base";
import type { TraceHealth } from "@clew/model";
import type { ReactElement, ReactNode } from "react";
import { formatCompact, formatShare } from "../../format/number.ts";
import { Link } from "../../router/link.tsx";
import { useRangeParams } from "../../router/range-clock.ts";
import { printRoute } from "../../router/routes.ts";
import { ServiceChip } from "../../ui/controls.tsx";
import { cx } from "../../ui/cx.ts";
import page from "../../ui/page.module.css";
import { ShareBar } from "../../ui/share-bar.tsx";
import styles from "./health.module.css";

interface Column<Row> {
  readonly head: string;
  readonly cell: (row: Row) => ReactNode;
}

interface FindingProps<Row> {
  readonly title: string;
  readonly means: string;
  readonly act: ReactNode;
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** The trace that shows it is a last column of its own. */
  readonly columns: readonly Column<Row>[];
}

function Finding<Row extends { readonly exampleTraceId?: string }>(
  props: FindingProps<Row>,
): ReactElement {
  const { title, means, act, rows, keyOf } = props;
  const columns = [...props.columns, { head: "example", cell: exampleOf }];
  return (
    <section className={cx(page.panel, styles.section)}>
      <h2>{title}</h2>
      <p>
        {means} <strong>What to do:</strong> {act}
      </p>
      <div className={styles.scroll}>
        <table className={styles.table}>
          <thead>
            <tr>
              {columns.map(({ head }) => (
                <th key={head} scope="col">
                  {head}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={keyOf(row)}>
                {columns.map(({ head, cell }) => (
                  <td key={head}>{cell(row)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}

function exampleOf({ exampleTraceId }: { readonly exampleTraceId?: string }): ReactNode {
  return exampleTraceId === undefined ? (
    <span className={page.zero}>–</span>
  ) : (
    <Link to={printRoute("trace", exampleTraceId)}>
      <code>{exampleTraceId.slice(0, 12)}…</code>
    </Link>
  );
}

const orphanColumns: readonly Column<TraceHealth["services"][number]>[] = [
  { head: "service", cell: ({ service }) => <ServiceLink name={service} /> },
  { head: "orphans", cell: ({ orphanSpans }) => formatCompact(orphanSpans) },
  {
    head: "of its spans",
    cell: ({ orphanSpans, spans }) => <Share part={orphanSpans} whole={spans} />,
  },
  { head: "duplicates", cell: ({ duplicateSpans }) => <Count value={duplicateSpans} /> },
];

export function Orphans({ services }: { services: TraceHealth["services"] }): ReactElement {
  return (
    <Finding
      title="Services whose spans miss their parents"
      means="An orphan names a parent that never arrived: whatever made the parent does not send spans, lost them, or dropped them by sampling of its own. Parents of the last half minute may still be on their way."
      act="look at the example for the gap; check that the caller exports to Clew, that its queue does not drop, and that all services share one sampling decision. A duplicate is a span sent twice, or an id made twice."
      rows={services}
      keyOf={({ service }) => service}
      columns={orphanColumns}
    />
  );
}

const propagationColumns: readonly Column<TraceHealth["propagation"][number]>[] = [
  { head: "caller", cell: ({ caller }) => <ServiceLink name={caller} /> },
  { head: "callee", cell: ({ callee }) => <ServiceLink name={callee} /> },
  { head: "broken calls", cell: ({ brokenCalls }) => formatCompact(brokenCalls) },
  {
    head: "of all calls",
    cell: ({ brokenCalls, calls }) => <Share part={brokenCalls} whole={calls} />,
  },
];

export function Propagation({ broken }: { broken: TraceHealth["propagation"] }): ReactElement {
  return (
    <Finding
      title="Calls whose context got lost"
      means="The caller made a client span, the callee sends spans too, but none of them continues the call: the trace broke in two between them."
      act="check that the caller's HTTP or messaging library is instrumented and injects traceparent, that no proxy strips the header, and that the callee's tracer reads the same format."
      rows={broken}
      keyOf={({ caller, callee }) => `${caller}\n${callee}`}
      columns={propagationColumns}
    />
  );
}

const clockColumns: readonly Column<TraceHealth["clocks"][number]>[] = [
  { head: "caller's host", cell: ({ callerHost }) => <Host name={callerHost} /> },
  { head: "callee's host", cell: ({ calleeHost }) => <Host name={calleeHost} /> },
  { head: "callee is ahead by", cell: ({ offsetNano }) => formatDuration(offsetNano) },
  {
    head: "for certain",
    cell: ({ leastNano }) => `at least ${formatDuration(Math.abs(leastNano))}`,
  },
  {
    head: "calls that show it",
    cell: ({ certainCalls, calls }) => `${formatCompact(certainCalls)} of ${formatCompact(calls)}`,
  },
];

export function Clocks({ clocks }: { clocks: TraceHealth["clocks"] }): ReactElement {
  return (
    <Finding
      title="Hosts whose clocks disagree"
      means="Calls between these hosts seem to begin before they were sent, or to end after they were answered. Durations are right, but spans stand in the wrong place on the time axis."
      act="let both hosts follow the same time source (chrony, or the cloud's own), and look at the one that differs from all others."
      rows={clocks}
      keyOf={({ callerHost, calleeHost }) => `${callerHost}\n${calleeHost}`}
      columns={clockColumns}
    />
  );
}

function ServiceLink({ name }: { name: string }): ReactElement {
  const { from, to } = useRangeParams();
  return (
    <Link to={printRoute("service", name, { from, to })} className={styles.service}>
      <ServiceChip name={name} />
    </Link>
  );
}

function Host({ name }: { name: string }): ReactElement {
  return <bdi>{oneLine(name, 60)}</bdi>;
}

function Count({ value }: { value: number }): ReactNode {
  return value === 0 ? <span className={page.zero}>0</span> : formatCompact(value);
}

function Share({ part, whole }: { part: number; whole: number }): ReactElement {
  const share = whole === 0 ? 0 : part / whole;
  return (
    <span className={styles.share}>
      {formatShare(share)}
      <ShareBar share={share} tone="warning" />
    </span>
  );
}
