// Log records of the trace: of the selected span, or all.

import { formatDuration } from "@clew/base";
import type { LogRecord } from "@clew/model";
import { type ReactElement, useState } from "react";
import { useTraceLogs } from "../../api/queries.ts";
import { formatIsoNano } from "../../format/time.ts";
import { spanIdOf, type TraceModel } from "../../trace/trace-model.ts";
import { Button } from "../../ui/controls.tsx";
import { cx } from "../../ui/cx.ts";
import { ErrorState, Loading } from "../../ui/states.tsx";
import styles from "./span-drawer.module.css";

const maxLogs = 500;

export function LogsTab({ model, row }: { model: TraceModel; row: number }): ReactElement {
  const [whole, setWhole] = useState(false);
  const query = useTraceLogs(model.traceId, true);
  if (query.isPending) return <Loading lines={5} label="Loading logs" />;
  if (query.isError) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  const all = query.data.logs;
  const spanId = spanIdOf(model, row);
  const logs = whole ? all : all.filter((log) => log.spanId === spanId);
  return (
    <>
      <div className={styles.scopeSwitch}>
        <Button look="quiet" on={!whole} onClick={() => setWhole(false)}>
          This span
        </Button>
        <Button look="quiet" on={whole} onClick={() => setWhole(true)}>
          Whole trace ({all.length})
        </Button>
      </div>
      {logs.length === 0 && (
        <p className={styles.empty}>
          {all.length === 0
            ? "No log records carry this trace id. Send logs over OTLP to the same endpoint and they appear here."
            : "No log records carry this span's id."}
        </p>
      )}
      {logs.slice(0, maxLogs).map((log, i) => (
        <Log key={i} log={log} startNano={model.layout.startNano} />
      ))}
      {logs.length > maxLogs && (
        <p className={styles.empty}>{logs.length - maxLogs} more records are not shown.</p>
      )}
    </>
  );
}

function Log({ log, startNano }: { log: LogRecord; startNano: bigint }): ReactElement {
  const nano = BigInt(log.timeUnixNano);
  const level =
    log.severityNumber >= 17 ? styles.error : log.severityNumber >= 13 ? styles.warn : undefined;
  return (
    <article className={styles.log}>
      <div className={styles.logHead}>
        <span className={cx(styles.severity, level)}>
          {(log.severityText || severityName(log.severityNumber)).slice(0, 20)}
        </span>
        <bdi>{log.service.slice(0, 100)}</bdi>
        <time title={formatIsoNano(nano)}>+{formatDuration(Number(nano - startNano))}</time>
      </div>
      <p>
        <bdi>{(log.body || log.eventName).slice(0, 20_000)}</bdi>
      </p>
    </article>
  );
}

/** OTLP severity ranges of four. */
function severityName(number: number): string {
  return ["", "TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"][Math.ceil(number / 4)] ?? "";
}
