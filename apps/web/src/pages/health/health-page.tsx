// /health: how whole the traces are, what it means and what to do about it.

import { formatDuration, oneLine } from "@clew/base";
import type { TraceHealth } from "@clew/model";
import type { ReactElement, ReactNode } from "react";
import { useTraceHealth } from "../../api/traceql-queries.ts";
import { formatCompact, formatShare } from "../../format/number.ts";
import { Link } from "../../router/link.tsx";
import { useRange, useRangeParams } from "../../router/range-clock.ts";
import { printRoute } from "../../router/routes.ts";
import { ServiceChip } from "../../ui/controls.tsx";
import { cx } from "../../ui/cx.ts";
import { Icon } from "../../ui/icon.tsx";
import page from "../../ui/page.module.css";
import { EmptyState, ErrorState, Loading, Progress } from "../../ui/states.tsx";
import styles from "./health.module.css";

/** Clocks this close do no harm: calls still lie inside their callers. */
const harmlessNano = 1e6;

export default function HealthPage(): ReactElement {
  const query = useTraceHealth(useRange());
  return (
    <div className={page.page} style={{ position: "relative" }}>
      <title>Trace health · Clew</title>
      <Progress active={query.isFetching && !query.isPending} />
      <div className={page.titleRow}>
        <h1>Trace health</h1>
        {query.data !== undefined && query.data.traces > 0 && (
          <span className={styles.sample}>{sampleText(query.data)}</span>
        )}
      </div>
      {query.isPending && <Loading lines={10} label="Looking at traces" />}
      {query.isError && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {query.data !== undefined && !query.isError && <Health health={query.data} />}
    </div>
  );
}

function sampleText({ traces, spans, sampledShare }: TraceHealth): string {
  const looked = `${formatCompact(traces)} traces with ${formatCompact(spans)} spans`;
  return sampledShare >= 1
    ? `all of ${looked}`
    : `a sample: ${looked}, ${formatShare(sampledShare)} of the range`;
}

function Health({ health }: { health: TraceHealth }): ReactElement {
  if (health.traces === 0)
    return (
      <section className={page.panel}>
        <EmptyState title="No traces in this time range">
          Widen the range at the top right.
        </EmptyState>
      </section>
    );
  const broken = health.propagation.filter(({ brokenCalls }) => brokenCalls > 0);
  const brokenCalls = broken.reduce((sum, one) => sum + one.brokenCalls, 0);
  const calls = health.propagation.reduce((sum, one) => sum + one.calls, 0);
  const skewed = health.clocks.filter(isSkewed);
  const orphaned = health.services.filter(
    ({ orphanSpans, duplicateSpans }) => orphanSpans + duplicateSpans > 0,
  );
  const isHealthy =
    health.orphanSpans + health.rootlessTraces + health.duplicateSpans + brokenCalls === 0 &&
    skewed.length === 0;
  return (
    <>
      {isHealthy && (
        <p className={styles.healthy} role="status">
          <Icon name="check" size={16} />
          <span>
            <strong>These traces are whole.</strong> Every span has its parent, every call its other
            half, and the clocks agree.
          </span>
        </p>
      )}
      <div className={styles.figures}>
        <Figure
          label="Orphan spans"
          value={formatShare(health.spans === 0 ? 0 : health.orphanSpans / health.spans)}
          note={`${formatCompact(health.orphanSpans)} of ${formatCompact(health.spans)} spans`}
          bad={health.orphanSpans > 0}
        />
        <Figure
          label="Traces with orphans"
          value={formatCompact(health.tracesWithOrphans)}
          note={
            health.rootlessTraces > 0
              ? `${formatCompact(health.rootlessTraces)} without a root`
              : `of ${formatCompact(health.traces)} traces`
          }
          bad={health.tracesWithOrphans + health.rootlessTraces > 0}
        />
        <Figure
          label="Broken calls"
          value={formatCompact(brokenCalls)}
          note={`of ${formatCompact(calls)} between services`}
          bad={brokenCalls > 0}
        />
        <Figure
          label="Duplicate spans"
          value={formatCompact(health.duplicateSpans)}
          note="share their id with another"
          bad={health.duplicateSpans > 0}
        />
        <Figure
          label="Disagreeing clocks"
          value={formatCompact(skewed.length)}
          note={`of ${formatCompact(health.clocks.length)} pairs of hosts`}
          bad={skewed.length > 0}
        />
      </div>
      {orphaned.length > 0 && <Orphans services={orphaned} />}
      {broken.length > 0 && <Propagation broken={broken} />}
      {skewed.length > 0 && <Clocks clocks={skewed} />}
    </>
  );
}

function isSkewed({ offsetNano, certainCalls }: TraceHealth["clocks"][number]): boolean {
  return certainCalls > 0 && Math.abs(offsetNano) >= harmlessNano;
}

function Figure({
  label,
  value,
  note,
  bad,
}: {
  label: string;
  value: string;
  note: string;
  bad: boolean;
}): ReactElement {
  return (
    <div className={cx(page.panel, styles.figure)} data-bad={bad || undefined}>
      <span>{label}</span>
      <strong>
        {value}
        {bad && <Icon name="warning" size={15} label="needs a look" />}
      </strong>
      <small>{note}</small>
    </div>
  );
}

/** A panel that says what it shows, what that means and what to do. */
function Section({
  title,
  means,
  act,
  children,
}: {
  title: string;
  means: string;
  act: ReactNode;
  children: ReactNode;
}): ReactElement {
  return (
    <section className={cx(page.panel, styles.section)}>
      <h2>{title}</h2>
      <p>
        {means} <strong>What to do:</strong> {act}
      </p>
      <div className={styles.scroll}>{children}</div>
    </section>
  );
}

function Example({ traceId }: { traceId: string | undefined }): ReactElement {
  return traceId === undefined ? (
    <span className={page.zero}>–</span>
  ) : (
    <Link to={printRoute("trace", traceId)}>
      <code>{traceId.slice(0, 12)}…</code>
    </Link>
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

function Orphans({ services }: { services: TraceHealth["services"] }): ReactElement {
  return (
    <Section
      title="Services whose spans miss their parents"
      means="An orphan names a parent that never arrived: whatever made the parent does not send spans, lost them, or dropped them by sampling of its own. Parents of the last half minute may still be on their way."
      act="look at the example for the gap; check that the caller exports to Clew, that its queue does not drop, and that all services share one sampling decision. A duplicate is a span sent twice, or an id made twice."
    >
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">service</th>
            <th scope="col">orphans</th>
            <th scope="col">of its spans</th>
            <th scope="col">duplicates</th>
            <th scope="col">example</th>
          </tr>
        </thead>
        <tbody>
          {services.map(({ service, spans, orphanSpans, duplicateSpans, exampleTraceId }) => (
            <tr key={service}>
              <td>
                <ServiceLink name={service} />
              </td>
              <td>{formatCompact(orphanSpans)}</td>
              <td>
                <Share share={spans === 0 ? 0 : orphanSpans / spans} />
              </td>
              <td>{duplicateSpans === 0 ? <Zero /> : formatCompact(duplicateSpans)}</td>
              <td>
                <Example traceId={exampleTraceId} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}

function Zero(): ReactElement {
  return <span className={page.zero}>0</span>;
}

function Share({ share }: { share: number }): ReactElement {
  return (
    <span className={styles.share}>
      {formatShare(share)}
      <i style={{ "--share": `${Math.min(100, share * 100)}%` } as React.CSSProperties} />
    </span>
  );
}

function Propagation({ broken }: { broken: TraceHealth["propagation"] }): ReactElement {
  return (
    <Section
      title="Calls whose context got lost"
      means="The caller made a client span, the callee sends spans too, but none of them continues the call: the trace broke in two between them."
      act="check that the caller's HTTP or messaging library is instrumented and injects traceparent, that no proxy strips the header, and that the callee's tracer reads the same format."
    >
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">caller</th>
            <th scope="col">callee</th>
            <th scope="col">broken calls</th>
            <th scope="col">of all calls</th>
            <th scope="col">example</th>
          </tr>
        </thead>
        <tbody>
          {broken.map(({ caller, callee, calls, brokenCalls, exampleTraceId }) => (
            <tr key={`${caller}\n${callee}`}>
              <td>
                <ServiceLink name={caller} />
              </td>
              <td>
                <ServiceLink name={callee} />
              </td>
              <td>{formatCompact(brokenCalls)}</td>
              <td>
                <Share share={calls === 0 ? 0 : brokenCalls / calls} />
              </td>
              <td>
                <Example traceId={exampleTraceId} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}

function Clocks({ clocks }: { clocks: TraceHealth["clocks"] }): ReactElement {
  return (
    <Section
      title="Hosts whose clocks disagree"
      means="Calls between these hosts seem to begin before they were sent, or to end after they were answered. Durations are right, but spans stand in the wrong place on the time axis."
      act="let both hosts follow the same time source (chrony, or the cloud's own), and look at the one that differs from all others."
    >
      <table className={styles.table}>
        <thead>
          <tr>
            <th scope="col">caller's host</th>
            <th scope="col">callee's host</th>
            <th scope="col">callee is ahead by</th>
            <th scope="col">for certain</th>
            <th scope="col">calls that show it</th>
            <th scope="col">example</th>
          </tr>
        </thead>
        <tbody>
          {clocks.map((clock) => (
            <tr key={`${clock.callerHost}\n${clock.calleeHost}`}>
              <td>
                <bdi>{oneLine(clock.callerHost, 60)}</bdi>
              </td>
              <td>
                <bdi>{oneLine(clock.calleeHost, 60)}</bdi>
              </td>
              <td>{formatDuration(clock.offsetNano)}</td>
              <td>at least {formatDuration(Math.abs(clock.leastNano))}</td>
              <td>
                {formatCompact(clock.certainCalls)} of {formatCompact(clock.calls)}
              </td>
              <td>
                <Example traceId={clock.exampleTraceId} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </Section>
  );
}
