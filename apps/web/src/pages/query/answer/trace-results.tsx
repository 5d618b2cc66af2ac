// Traces that a query finds, each with the spans that matched, grouped as the query groups them.

import { formatDuration, oneLine } from "@clew/base";
import type { NamedValue, ResultSpanset, ResultTrace } from "@clew/model";
import { type ReactElement, useMemo, useState } from "react";
import { formatCompact } from "../../../format/number.ts";
import { formatAgo, formatInstant, formatIsoNano } from "../../../format/time.ts";
import { conditionOfValue, valueText } from "../../../query/typed-text.ts";
import { Link } from "../../../router/link.tsx";
import { useNowMs } from "../../../router/range-clock.ts";
import { printRoute } from "../../../router/routes.ts";
import { seriesVar } from "../../../theme/theme.ts";
import { ServiceChip } from "../../../ui/controls.tsx";
import { Icon } from "../../../ui/icon.tsx";
import { logShare, ShareBar } from "../../../ui/share-bar.tsx";
import type { QueryActions } from "../query-actions.ts";
import { More, type MoreRows } from "./more.tsx";
import styles from "./results.module.css";
import { SpansetTable } from "./spanset-table.tsx";

/** Colours by service, the same in every row. */
export type ServiceColours = ReadonlyMap<string, number>;

function coloursOf(traces: readonly ResultTrace[]): ServiceColours {
  const names = new Set(traces.flatMap(({ services }) => Object.keys(services)));
  return new Map([...names].sort().map((name, i) => [name, i]));
}

export function TraceResults({
  traces,
  allOpen,
  actions,
  more,
}: {
  traces: readonly ResultTrace[];
  allOpen: boolean;
  actions: QueryActions;
  more: MoreRows;
}): ReactElement {
  const colours = useMemo(() => coloursOf(traces), [traces]);
  const longest = Math.max(1, ...traces.map(({ durationNano }) => Number(durationNano)));
  return (
    <>
      <ul className={styles.traces}>
        {traces.map((trace, i) => (
          <TraceItem
            key={trace.traceId}
            trace={trace}
            longest={longest}
            colours={colours}
            initiallyOpen={allOpen || (i === 0 && traces.length === 1)}
            actions={actions}
          />
        ))}
      </ul>
      <More more={more} />
    </>
  );
}

function TraceItem({
  trace,
  longest,
  colours,
  initiallyOpen,
  actions,
}: {
  trace: ResultTrace;
  longest: number;
  colours: ServiceColours;
  initiallyOpen: boolean;
  actions: QueryActions;
}): ReactElement {
  const [open, setOpen] = useState(initiallyOpen);
  const nowMs = useNowMs();
  const start = BigInt(trace.startUnixNano);
  const nano = Number(trace.durationNano);
  const matched = trace.spansets.reduce((sum, one) => sum + one.matched, 0);
  const name = trace.rootName === undefined ? "root not received" : oneLine(trace.rootName, 160);
  const service = trace.rootService ?? Object.keys(trace.services)[0] ?? "";
  const span = trace.spansets[0]?.spans[0]?.spanId;
  return (
    <li className={styles.trace} data-open={open || undefined}>
      <div className={styles.traceRow}>
        <button
          type="button"
          className={styles.opener}
          aria-expanded={open}
          aria-label={`${open ? "Hide" : "Show"} the matching spans of ${oneLine(service, 60)} ${name}`}
          onClick={() => setOpen(!open)}
        >
          <Icon name={open ? "chevronDown" : "chevronRight"} size={14} />
        </button>
        <Link
          className={styles.traceName}
          to={printRoute("trace", trace.traceId, span === undefined ? {} : { span })}
        >
          <strong>{oneLine(service, 80)}</strong> <bdi>{name}</bdi>
        </Link>
        <button
          type="button"
          className={styles.matched}
          onClick={() => setOpen(!open)}
          tabIndex={-1}
        >
          {formatCompact(matched)} of {formatCompact(trace.spanCount)} spans
        </button>
        <span className={styles.errorCount}>
          {trace.errorCount > 0 && (
            <>
              <Icon name="error" size={13} label="errors" /> {formatCompact(trace.errorCount)}
            </>
          )}
        </span>
        <ServiceBar trace={trace} colours={colours} />
        <span className={styles.duration}>
          {formatDuration(nano)}
          <ShareBar share={logShare(nano, longest)} />
        </span>
        <span className={styles.when} title={formatIsoNano(start)}>
          {formatInstant(start)}
          <small>{formatAgo(start, nowMs)}</small>
        </span>
      </div>
      {open && (
        <div className={styles.opened}>
          <Services trace={trace} colours={colours} />
          {trace.spansets.map((spanset, i) => (
            <Spanset key={i} trace={trace} spanset={spanset} actions={actions} />
          ))}
        </div>
      )}
    </li>
  );
}

function servicesOf(trace: ResultTrace): [string, { spans: number; errors: number }][] {
  return Object.entries(trace.services).sort(([, a], [, b]) => b.spans - a.spans);
}

/** Spans by service as one bar. */
function ServiceBar({
  trace,
  colours,
}: {
  trace: ResultTrace;
  colours: ServiceColours;
}): ReactElement {
  const services = servicesOf(trace);
  const title = services.map(([name, { spans }]) => `${oneLine(name, 60)}: ${spans}`).join("\n");
  return (
    <span
      className={styles.serviceBar}
      title={title}
      role="img"
      aria-label={`${services.length} services`}
    >
      {services.map(([name, { spans }]) => (
        <i key={name} style={{ flexGrow: spans, background: seriesVar(colours.get(name) ?? 0) }} />
      ))}
    </span>
  );
}

function Services({
  trace,
  colours,
}: {
  trace: ResultTrace;
  colours: ServiceColours;
}): ReactElement {
  return (
    <ul className={styles.services} aria-label="Services of this trace">
      {servicesOf(trace).map(([name, { spans, errors }]) => (
        <li key={name}>
          <ServiceChip name={name} colour={colours.get(name) ?? 0} /> {formatCompact(spans)}
          {errors > 0 && (
            <span className={styles.errorCount}>
              <Icon name="error" size={11} label="errors" /> {formatCompact(errors)}
            </span>
          )}
        </li>
      ))}
    </ul>
  );
}

function Spanset({
  trace,
  spanset,
  actions,
}: {
  trace: ResultTrace;
  spanset: ResultSpanset;
  actions: QueryActions;
}): ReactElement {
  return (
    <section className={styles.spanset}>
      {spanset.values.length > 0 && (
        <header>
          {spanset.values.map((value) => (
            <SpansetValue key={value.name} value={value} actions={actions} />
          ))}
        </header>
      )}
      <SpansetTable trace={trace} spanset={spanset} actions={actions} />
    </section>
  );
}

function SpansetValue({
  value,
  actions,
}: {
  value: NamedValue;
  actions: QueryActions;
}): ReactElement {
  const condition = conditionOfValue(value);
  const shown = (
    <>
      <small>{oneLine(value.name, 80)}</small> <bdi>{valueText(value.value, 100)}</bdi>
    </>
  );
  return condition === undefined ? (
    <span className={styles.fact}>{shown}</span>
  ) : (
    <button
      type="button"
      className={styles.fact}
      title="Only these"
      onClick={() => actions.narrow([condition])}
    >
      {shown}
    </button>
  );
}
