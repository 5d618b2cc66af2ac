// The traces found, as many rows in the page as fit the screen.

import { formatDuration, oneLine } from "@clew/base";
import type { TraceSummary } from "@clew/model";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type ReactElement, useEffect, useRef } from "react";
import { formatCompact } from "../../format/number.ts";
import { formatAgo, formatInstant, formatIsoNano } from "../../format/time.ts";
import { Link } from "../../router/link.tsx";
import { useNowMs } from "../../router/range-clock.ts";
import { Button, ServiceChip } from "../../ui/controls.tsx";
import { Icon } from "../../ui/icon.tsx";
import { logShare, ShareBar } from "../../ui/share-bar.tsx";
import { ErrorState } from "../../ui/states.tsx";
import styles from "./search.module.css";
import { traceAddress } from "./trace-address.ts";

const rowHeight = 50;
const footHeight = 60;

export interface TraceListProps {
  readonly traces: readonly TraceSummary[];
  readonly hasMore: boolean;
  readonly loadingMore: boolean;
  readonly moreError: unknown;
  readonly onMore: () => void;
}

export function TraceList({
  traces,
  hasMore,
  loadingMore,
  moreError,
  onMore,
}: TraceListProps): ReactElement {
  const scroller = useRef<HTMLDivElement>(null);
  // oxlint-disable-next-line react/incompatible-library -- concerns the React compiler, which is not in use
  const virtual = useVirtualizer({
    count: traces.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
  });
  const longest = Math.max(1, ...traces.map((trace) => trace.durationNano));
  const first = traces[0]?.traceId;
  useEffect(() => {
    scroller.current?.scrollTo({ top: 0 });
  }, [first]);
  return (
    <div ref={scroller} className={styles.list}>
      <div
        style={{ height: virtual.getTotalSize() + footHeight, position: "relative" }}
        role="list"
      >
        {virtual.getVirtualItems().map((item) => (
          <TraceRow
            key={item.key}
            trace={traces[item.index] as TraceSummary}
            longest={longest}
            top={item.start}
          />
        ))}
        <div
          className={styles.more}
          style={{ position: "absolute", top: virtual.getTotalSize(), left: 0, right: 0 }}
        >
          {moreError !== undefined ? (
            <ErrorState error={moreError} onRetry={onMore} />
          ) : hasMore ? (
            <Button onClick={onMore} disabled={loadingMore}>
              {loadingMore ? "Loading…" : "Load more"}
            </Button>
          ) : (
            <span>That is all in this time range.</span>
          )}
        </div>
      </div>
    </div>
  );
}

function TraceRow({
  trace,
  longest,
  top,
}: {
  trace: TraceSummary;
  longest: number;
  top: number;
}): ReactElement {
  const nowMs = useNowMs();
  const start = BigInt(trace.startUnixNano);
  const { matched } = trace;
  const rooted = trace.rootName !== undefined;
  const other =
    rooted && (matched.name !== trace.rootName || matched.service !== trace.rootService);
  return (
    <Link
      to={traceAddress(trace)}
      className={styles.row}
      role="listitem"
      style={{ transform: `translateY(${top}px)` }}
    >
      <div className={styles.what}>
        <div className={styles.title}>
          <strong>{oneLine(trace.rootService ?? matched.service, 80)}</strong>
          <bdi>
            {rooted
              ? oneLine(trace.rootName ?? "", 160)
              : `${oneLine(matched.name, 120)} (root not received)`}
          </bdi>
        </div>
        <div className={styles.chipsRow}>
          {other && (
            <span title="The span that matched">
              ↳ {oneLine(matched.name, 60)} {formatDuration(matched.durationNano)}
            </span>
          )}
          {trace.services.slice(0, 6).map((service) => (
            <ServiceChip key={service} name={service} />
          ))}
          {trace.services.length > 6 && <span>+{trace.services.length - 6}</span>}
        </div>
      </div>
      <div className={styles.duration}>
        {formatDuration(trace.durationNano)}
        <ShareBar share={logShare(trace.durationNano, longest)} />
      </div>
      <div className={styles.number}>{formatCompact(trace.spanCount)} spans</div>
      <div className={styles.number}>
        {trace.errorCount > 0 && (
          <span className={styles.errors}>
            <Icon name="error" size={13} label="errors" /> {formatCompact(trace.errorCount)}
          </span>
        )}
      </div>
      <div className={styles.when} title={formatIsoNano(start)}>
        {formatInstant(start)}
        <small>{formatAgo(start, nowMs)}</small>
      </div>
    </Link>
  );
}
