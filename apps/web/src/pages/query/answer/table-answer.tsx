// Series as one value each over the whole range: a table, sortable, with bars.

import { oneLine } from "@clew/base";
import type { MetricSeries } from "@clew/model";
import { type ReactElement, useMemo, useState } from "react";
import { useTraceqlMetrics } from "../../../api/traceql-queries.ts";
import { formatUnit, type Unit, unitOf } from "../../../query/series.ts";
import { compareValues } from "../../../query/typed-text.ts";
import { Icon } from "../../../ui/icon.tsx";
import { EmptyState } from "../../../ui/states.tsx";
import styles from "../query.module.css";
import type { AnswerProps } from "./answer-props.ts";
import { MetricsFrame } from "./metrics-frame.tsx";
import { PartialNote } from "./partial.tsx";
import results from "./results.module.css";
import { SeriesActions } from "./series-legend.tsx";
import { columnLabel } from "./spanset-table.tsx";
import { ValueCell } from "./value-cell.tsx";

export function TableAnswer(props: AnswerProps): ReactElement {
  const { text, query, range } = props;
  const answer = useTraceqlMetrics({ q: text, range, exemplars: 100 }, true);
  const { data } = answer;
  const unit = useMemo(() => unitOf(query), [query]);
  return (
    <MetricsFrame props={props} answer={answer}>
      {data !== undefined && data.series.length === 0 && (
        <EmptyState title="No values in this time range" />
      )}
      {data !== undefined && data.series.length > 0 && (
        <>
          <PartialNote message={data.partial} />
          <div className={styles.resultBar}>
            <span role="status">
              {data.series.length.toLocaleString("en-US")}{" "}
              {data.series.length === 1 ? "row" : "rows"}, each over the whole time range
            </span>
          </div>
          <Values series={data.series} unit={unit} props={props} />
        </>
      )}
    </MetricsFrame>
  );
}

interface Order {
  /** Label, or "" for the value. */
  readonly column: string;
  readonly descending: boolean;
}

function valueOf({ samples }: MetricSeries): number {
  return samples.at(-1)?.value ?? Number.NaN;
}

/** 0..1. */
function shareOf(value: number, most: number): number {
  return most > 0 && value > 0 ? value / most : 0;
}

function Values({
  series,
  unit,
  props: { actions },
}: {
  series: readonly MetricSeries[];
  unit: Unit;
  props: AnswerProps;
}): ReactElement {
  const [order, setOrder] = useState<Order>({ column: "", descending: true });
  const columns = [
    ...new Set(series.flatMap(({ labels }) => labels.map(({ name }) => name))),
  ].filter((name) => name !== "__name__" || series.length > 1);
  const most = Math.max(...series.map(valueOf).filter(Number.isFinite), 0);
  const sorted = [...series].sort((a, b) => {
    const sign = order.descending ? -1 : 1;
    if (order.column === "") return sign * ((valueOf(a) || 0) - (valueOf(b) || 0));
    const label = (one: MetricSeries) =>
      one.labels.find(({ name }) => name === order.column)?.value;
    return sign * compareValues(label(a), label(b));
  });
  const head = (column: string, label: string): ReactElement => {
    const isOn = order.column === column;
    const direction = !isOn ? "none" : order.descending ? "descending" : "ascending";
    return (
      <th key={column} scope="col" aria-sort={direction}>
        <button
          type="button"
          onClick={() => setOrder({ column, descending: isOn ? !order.descending : column === "" })}
        >
          {label}
          {isOn && <Icon name={order.descending ? "chevronDown" : "chevronUp"} size={12} />}
        </button>
      </th>
    );
  };
  return (
    <div className={results.scroll}>
      <table className={results.values}>
        <thead>
          <tr>
            {columns.map((name) => head(name, columnLabel(name)))}
            {head("", "value")}
            <th scope="col">
              <span className={results.hidden}>actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {sorted.slice(0, 1000).map((one, i) => (
            <tr key={i}>
              {columns.map((name) => {
                const value = one.labels.find((label) => label.name === name);
                return (
                  <td key={name}>
                    {name === "p" && value?.value.type === "float" ? (
                      `p${Number((value.value.value * 100).toPrecision(6))}`
                    ) : value === undefined ? (
                      <span className={results.absent}>–</span>
                    ) : (
                      <ValueCell value={value} actions={actions} />
                    )}
                  </td>
                );
              })}
              <td className={results.barCell} title={oneLine(String(valueOf(one)), 40)}>
                <span>{formatUnit(valueOf(one), unit)}</span>
                <i style={{ "--share": shareOf(valueOf(one), most) } as React.CSSProperties} />
              </td>
              <td className={results.legendActions}>
                <SeriesActions series={one} actions={actions} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
