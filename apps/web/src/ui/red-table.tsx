// A table of rate, errors and latency: services on the first page, operations on a service's.

import { formatDuration, oneLine } from "@clew/base";
import type { Red } from "@clew/model";
import type { ReactElement, ReactNode } from "react";
import { formatCount, formatRate, formatShare } from "../format/number.ts";
import { Link } from "../router/link.tsx";
import { navigate } from "../router/location.ts";
import type { RedSortKey } from "../router/routes.ts";
import { cx } from "./cx.ts";
import { Icon } from "./icon.tsx";
import styles from "./page.module.css";
import { logShare, ShareBar } from "./share-bar.tsx";

export interface RedRow {
  readonly key: string;
  readonly name: string;
  readonly red: Red;
  readonly href: string;
  readonly note?: ReactNode;
}

type Column = "name" | "rate" | "errors" | "p50" | "p95" | "p99";

const columns: readonly {
  readonly column: Column;
  readonly label: string;
  readonly title: string;
}[] = [
  { column: "rate", label: "Rate", title: "Requests a second" },
  { column: "errors", label: "Errors", title: "Share of requests that failed" },
  { column: "p50", label: "p50", title: "Half of the requests were faster" },
  { column: "p95", label: "p95", title: "95% of the requests were faster" },
  { column: "p99", label: "p99", title: "99% of the requests were faster" },
];

const numbers: Readonly<Record<Exclude<Column, "name">, (red: Red) => number>> = {
  rate: (red) => red.ratePerSecond,
  errors: (red) => red.errorRate,
  p50: (red) => red.p50Nano,
  p95: (red) => red.p95Nano,
  p99: (red) => red.p99Nano,
};

/** Rows in the order of `sort`; equal ones by name. */
export function sortRedRows(rows: readonly RedRow[], sort: RedSortKey): RedRow[] {
  const descending = sort.startsWith("-");
  const column = (descending ? sort.slice(1) : sort) as Column;
  const byName = (a: RedRow, b: RedRow): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  const direction = descending ? -1 : 1;
  if (column === "name") return rows.toSorted((a, b) => direction * byName(a, b));
  const number = numbers[column];
  return rows.toSorted((a, b) => direction * (number(a.red) - number(b.red)) || byName(a, b));
}

export interface RedTableProps {
  readonly nameLabel: string;
  readonly rows: readonly RedRow[];
  readonly sort: RedSortKey;
  readonly onSort: (sort: RedSortKey) => void;
}

export function RedTable({ nameLabel, rows, sort, onSort }: RedTableProps): ReactElement {
  const sorted = sortRedRows(rows, sort);
  const slowest = Math.max(1, ...rows.map((row) => row.red.p99Nano));
  const busiest = Math.max(1e-9, ...rows.map((row) => row.red.ratePerSecond));
  return (
    <table className={styles.table}>
      <thead>
        <tr>
          <SortHead column="name" label={nameLabel} title="By name" sort={sort} onSort={onSort} />
          {columns.map((column) => (
            <SortHead key={column.column} {...column} sort={sort} onSort={onSort} />
          ))}
        </tr>
      </thead>
      <tbody>
        {sorted.map((row) => (
          <RedTableRow key={row.key} row={row} slowest={slowest} busiest={busiest} />
        ))}
      </tbody>
    </table>
  );
}

function SortHead({
  column,
  label,
  title,
  sort,
  onSort,
}: {
  column: Column;
  label: string;
  title: string;
  sort: RedSortKey;
  onSort: (sort: RedSortKey) => void;
}): ReactElement {
  const state = sort === column ? "ascending" : sort === `-${column}` ? "descending" : "none";
  // Names start at A; for numbers the largest is what one looks for.
  const next: RedSortKey =
    column === "name"
      ? state === "ascending"
        ? "-name"
        : "name"
      : state === "descending"
        ? column
        : `-${column}`;
  return (
    <th aria-sort={state} scope="col">
      <button type="button" title={title} onClick={() => onSort(next)}>
        {label}
        {state !== "none" && (
          <Icon name={state === "ascending" ? "chevronUp" : "chevronDown"} size={12} />
        )}
      </button>
    </th>
  );
}

function RedTableRow({
  row,
  slowest,
  busiest,
}: {
  row: RedRow;
  slowest: number;
  busiest: number;
}): ReactElement {
  const { red } = row;
  return (
    <tr
      onClick={(event) => {
        if (!(event.target as Element).closest("a") && window.getSelection()?.isCollapsed !== false)
          navigate(row.href);
      }}
    >
      <td>
        <Link to={row.href} className={styles.name} title={oneLine(row.name, 1000)}>
          <bdi>{oneLine(row.name, 160)}</bdi>
          {row.note !== undefined && <small>{row.note}</small>}
        </Link>
      </td>
      <td>
        <Meter
          value={red.ratePerSecond / busiest}
          text={formatRate(red.ratePerSecond)}
          title={`${formatCount(red.count)} in the range`}
        />
      </td>
      <td>
        {red.errorRate > 0 ? (
          <span
            className={cx(styles.errorCell, red.errorRate < 0.01 && styles.rare)}
            title={`${formatCount(red.errorCount)} failed`}
          >
            <Icon name="error" size={13} /> {formatShare(red.errorRate)}
          </span>
        ) : (
          <span className={styles.zero}>0%</span>
        )}
      </td>
      <td>{formatDuration(red.p50Nano)}</td>
      <td>{formatDuration(red.p95Nano)}</td>
      <td>
        <Meter
          value={logShare(red.p99Nano, slowest)}
          text={formatDuration(red.p99Nano)}
          title={`slowest ${formatDuration(red.maxNano)}`}
        />
      </td>
    </tr>
  );
}

function Meter({
  value,
  text,
  title,
}: {
  value: number;
  text: string;
  title: string;
}): ReactElement {
  return (
    <span className={styles.latency} title={title}>
      <ShareBar share={Math.max(0.02, value)} />
      {text}
    </span>
  );
}
