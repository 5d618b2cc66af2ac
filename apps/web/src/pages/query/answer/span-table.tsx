// The spans that a query finds as one flat table: a column for each field, sortable within what is loaded.

import { formatDuration, oneLine } from "@clew/base";
import type { NamedValue, ResultSpan, ResultTrace } from "@clew/model";
import type { Query } from "@clew/traceql";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type CSSProperties, type ReactElement, useMemo, useRef, useState } from "react";
import { formatInstant, formatIsoNano } from "../../../format/time.ts";
import { selected, withSelect } from "../../../query/rewrite.ts";
import { compareValues } from "../../../query/typed-text.ts";
import { Link } from "../../../router/link.tsx";
import { printRoute } from "../../../router/routes.ts";
import { IconButton } from "../../../ui/controls.tsx";
import { Icon } from "../../../ui/icon.tsx";
import type { QueryActions } from "../query-actions.ts";
import { More, type MoreRows } from "./more.tsx";
import styles from "./results.module.css";
import { columnLabel, fieldColumns } from "./spanset-table.tsx";
import { ValueCell } from "./value-cell.tsx";

const rowHeight = 32;

interface Row {
  readonly trace: ResultTrace;
  readonly span: ResultSpan;
}

interface Order {
  /** `start`, `name`, `duration`, or a field. */
  readonly column: string;
  readonly descending: boolean;
}

function sortedRows(rows: readonly Row[], order: Order | undefined): readonly Row[] {
  if (order === undefined) return rows;
  const { column, descending } = order;
  const key = (row: Row): NamedValue["value"] | undefined => {
    if (column === "start") return { type: "int", value: row.span.startUnixNano };
    if (column === "duration") return { type: "int", value: row.span.durationNano };
    if (column === "name") return { type: "string", value: row.span.name };
    return row.span.values.find(({ name }) => name === column)?.value;
  };
  return [...rows].sort((a, b) => {
    const [x, y] = [key(a), key(b)];
    // Absent values stay at the end in both directions.
    if (x === undefined || y === undefined) return compareValues(x, y);
    return descending ? compareValues(y, x) : compareValues(x, y);
  });
}

export function SpanTable({
  traces,
  query,
  actions,
  more,
}: {
  traces: readonly ResultTrace[];
  query: Query;
  actions: QueryActions;
  more: MoreRows;
}): ReactElement {
  const [order, setOrder] = useState<Order>();
  const rows = useMemo(
    () =>
      traces.flatMap((trace) =>
        trace.spansets.flatMap(({ spans }) => spans.map((span): Row => ({ trace, span }))),
      ),
    [traces],
  );
  const shown = useMemo(() => sortedRows(rows, order), [rows, order]);
  const columns = useMemo(() => {
    const found = fieldColumns(rows.map(({ span }) => span));
    const fields = selected(query).filter((one) => !found.includes(one));
    return [...found, ...fields];
  }, [rows, query]);
  const chosen = selected(query);
  const choose = (fields: readonly string[]): void => {
    const text = withSelect(query, fields);
    if (text !== undefined) actions.run(text);
  };
  const scroller = useRef<HTMLDivElement>(null);
  // oxlint-disable-next-line react/incompatible-library -- concerns the React compiler, which is not in use
  const virtual = useVirtualizer({
    count: shown.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 16,
  });
  const grid = gridOf(columns);
  const head = { order, onOrder: setOrder };
  return (
    <div ref={scroller} className={styles.table} role="table" aria-rowcount={shown.length + 1}>
      <div className={styles.tableHead} role="row" style={grid}>
        <Head {...head} column="start" label="start" />
        <Head {...head} column="name" label="span" />
        <Head {...head} column="duration" label="duration" />
        {columns.map((name) => (
          <Head
            key={name}
            {...head}
            column={name}
            label={columnLabel(name)}
            onRemove={
              chosen.includes(name) ? () => choose(chosen.filter((one) => one !== name)) : undefined
            }
          />
        ))}
      </div>
      <div style={{ height: virtual.getTotalSize(), position: "relative" }} role="rowgroup">
        {virtual.getVirtualItems().map((item) => (
          <SpanRow
            key={item.key}
            row={shown[item.index] as Row}
            columns={columns}
            style={{ ...grid, transform: `translateY(${item.start}px)` }}
            actions={actions}
          />
        ))}
      </div>
      <More more={more} />
    </div>
  );
}

/** Least and most width of a column. */
type Width = readonly [leastPixels: number, most: string];

const ownWidths: readonly Width[] = [
  [180, "180px"],
  [200, "1.6fr"],
  [84, "84px"],
];

/** Columns of equal width in every row: each row is a grid of its own. */
function gridOf(columns: readonly string[]): CSSProperties {
  const isShort = (name: string): boolean => name === "status" || name === "kind";
  const fields = columns.map((name): Width => (isShort(name) ? [90, "90px"] : [130, "1fr"]));
  const widths = [...ownWidths, ...fields];
  const gap = 12;
  const padding = 16;
  return {
    gridTemplateColumns: widths.map(([least, most]) => `minmax(${least}px, ${most})`).join(" "),
    minWidth: widths.reduce((sum, [least]) => sum + least + gap, 2 * padding - gap),
  };
}

function Head({
  column,
  label,
  order,
  onOrder,
  onRemove,
}: {
  column: string;
  label: string;
  order: Order | undefined;
  onOrder: (order: Order | undefined) => void;
  onRemove?: (() => void) | undefined;
}): ReactElement {
  const isOn = order?.column === column;
  const direction = !isOn ? "none" : order.descending ? "descending" : "ascending";
  const isNumber = column === "duration" || column === "start";
  const next = (): void => {
    if (!isOn) onOrder({ column, descending: isNumber });
    else if (order.descending === isNumber) onOrder({ column, descending: !isNumber });
    else onOrder(undefined);
  };
  return (
    <span role="columnheader" aria-sort={direction}>
      <button type="button" title={`Sort by ${oneLine(column, 200)}`} onClick={next}>
        {label}
        {isOn && <Icon name={order.descending ? "chevronDown" : "chevronUp"} size={12} />}
      </button>
      {onRemove !== undefined && (
        <IconButton
          icon="close"
          size={11}
          label={`Remove the column ${label}`}
          onClick={onRemove}
        />
      )}
    </span>
  );
}

function SpanRow({
  row: { trace, span },
  columns,
  style,
  actions,
}: {
  row: Row;
  columns: readonly string[];
  style: CSSProperties;
  actions: QueryActions;
}): ReactElement {
  const start = BigInt(span.startUnixNano);
  return (
    <div className={styles.tableRow} role="row" style={style}>
      <span role="cell" title={formatIsoNano(start)}>
        {formatInstant(start)}
      </span>
      <span role="cell">
        <Link to={printRoute("trace", trace.traceId, { span: span.spanId })}>
          <bdi>{oneLine(span.name, 120) || "(no name)"}</bdi>
        </Link>
      </span>
      <span role="cell">{formatDuration(Number(span.durationNano))}</span>
      {columns.map((name) => {
        const value = span.values.find((one) => one.name === name);
        return (
          <span key={name} role="cell">
            {value === undefined ? (
              <span className={styles.absent}>–</span>
            ) : (
              <ValueCell value={value} actions={actions} />
            )}
          </span>
        );
      })}
    </div>
  );
}
