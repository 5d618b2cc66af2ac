// /health: how whole the traces are, what it means and what to do about it.

import { clocksDisagree } from "@clew/analysis";
import type { TraceHealth } from "@clew/model";
import type { ReactElement } from "react";
import { useTraceHealth } from "../../api/traceql-queries.ts";
import { formatCompact, formatShare } from "../../format/number.ts";
import { useRange } from "../../router/range-clock.ts";
import { cx } from "../../ui/cx.ts";
import { Icon } from "../../ui/icon.tsx";
import page from "../../ui/page.module.css";
import { EmptyState, ErrorState, Loading, Progress } from "../../ui/states.tsx";
import { Clocks, Orphans, Propagation } from "./findings.tsx";
import styles from "./health.module.css";

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
  const skewed = health.clocks.filter(clocksDisagree);
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
