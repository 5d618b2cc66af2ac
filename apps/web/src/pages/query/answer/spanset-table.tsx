// The spans of one spanset, with a column for each field that the query names.

import { formatDuration, oneLine } from "@clew/base";
import type { ResultSpan, ResultSpanset, ResultTrace } from "@clew/model";
import type { ReactElement } from "react";
import { Link } from "../../../router/link.tsx";
import { printRoute } from "../../../router/routes.ts";
import type { QueryActions } from "../query-actions.ts";
import styles from "./results.module.css";
import { ValueCell } from "./value-cell.tsx";

/** Fields that stand in columns of their own already. */
const ownColumns: ReadonlySet<string> = new Set(["name", "span:name", "duration", "span:duration"]);

export function fieldColumns(spans: readonly ResultSpan[]): readonly string[] {
  const names = new Set(spans.flatMap(({ values }) => values.map(({ name }) => name)));
  const shown = [...names].filter((name) => !ownColumns.has(name));
  // Whose span it is comes first, wherever the query names it.
  const service = "resource.service.name";
  return shown.includes(service) ? [service, ...shown.filter((name) => name !== service)] : shown;
}

/** `resource.service.name` is long, and everyone knows what a service is. */
export function columnLabel(field: string): string {
  return field === "resource.service.name" ? "service" : oneLine(field, 60);
}

export function SpansetTable({
  trace,
  spanset,
  actions,
}: {
  trace: ResultTrace;
  spanset: ResultSpanset;
  actions: QueryActions;
}): ReactElement {
  const { spans, matched } = spanset;
  const columns = fieldColumns(spans);
  const begin = BigInt(trace.startUnixNano);
  return (
    <div className={styles.scroll}>
      <table className={styles.spans}>
        <thead>
          <tr>
            <th scope="col">after</th>
            <th scope="col">span</th>
            <th scope="col">duration</th>
            {columns.map((name) => (
              <th key={name} scope="col" title={oneLine(name, 300)}>
                {columnLabel(name)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {spans.map((span, i) => (
            <tr key={`${span.spanId} ${i}`}>
              <td className={styles.number}>
                {formatDuration(Number(BigInt(span.startUnixNano) - begin))}
              </td>
              <td>
                <Link to={printRoute("trace", trace.traceId, { span: span.spanId })}>
                  <bdi>{oneLine(span.name, 120) || "(no name)"}</bdi>
                </Link>
              </td>
              <td className={styles.number}>{formatDuration(Number(span.durationNano))}</td>
              {columns.map((name) => {
                const value = span.values.find((one) => one.name === name);
                return (
                  <td key={name}>
                    {value === undefined ? (
                      <span className={styles.absent}>–</span>
                    ) : (
                      <ValueCell value={value} actions={actions} />
                    )}
                  </td>
                );
              })}
            </tr>
          ))}
        </tbody>
      </table>
      {matched > spans.length && (
        <p className={styles.rest}>
          {(matched - spans.length).toLocaleString("en-US")} more match in this trace.{" "}
          <Link to={printRoute("trace", trace.traceId)}>Open the trace</Link>
        </p>
      )}
    </div>
  );
}
