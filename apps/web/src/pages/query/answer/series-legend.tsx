// The legend of a chart as a table: what each series came to. A click isolates it.

import { oneLine } from "@clew/base";
import type { MetricSeries } from "@clew/model";
import type { ReactElement } from "react";
import type { SeriesFacts } from "../../../query/series.ts";
import { conditionOfValue } from "../../../query/typed-text.ts";
import { Link } from "../../../router/link.tsx";
import { printRoute } from "../../../router/routes.ts";
import { IconButton } from "../../../ui/controls.tsx";
import { Icon } from "../../../ui/icon.tsx";
import type { QueryActions } from "../query-actions.ts";
import styles from "./results.module.css";

export interface LegendRow {
  readonly series: MetricSeries;
  readonly name: string;
  readonly facts: SeriesFacts;
  readonly colour: string;
  readonly isDrawn: boolean;
}

// Rows of a legend that one can still read through.
const most = 200;

export function SeriesLegend({
  rows,
  format,
  actions,
  onPick,
}: {
  rows: readonly LegendRow[];
  format: (value: number) => string;
  actions: QueryActions;
  onPick: (index: number, adds: boolean) => void;
}): ReactElement {
  return (
    <div className={styles.scroll}>
      <table className={styles.legend}>
        <thead>
          <tr>
            <th scope="col">series</th>
            <th scope="col">mean</th>
            <th scope="col">least</th>
            <th scope="col">most</th>
            <th scope="col">last</th>
            <th scope="col">
              <span className={styles.hidden}>actions</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, most).map(({ series, name, facts, colour, isDrawn }, i) => (
            <tr key={i} data-off={!isDrawn || undefined}>
              <td>
                <button
                  type="button"
                  aria-pressed={isDrawn}
                  title="Show this series alone"
                  onClick={(event) => onPick(i, event.ctrlKey || event.metaKey)}
                >
                  <i style={{ background: colour }} />
                  <bdi>{oneLine(name, 200)}</bdi>
                </button>
              </td>
              <td>{format(facts.mean)}</td>
              <td>{format(facts.least)}</td>
              <td>{format(facts.most)}</td>
              <td>{format(facts.last)}</td>
              <td className={styles.legendActions}>
                <SeriesActions series={series} actions={actions} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > most && (
        <p className={styles.rest}>
          {rows.length - most} more series; <code>| topk(10)</code> keeps the highest.
        </p>
      )}
    </div>
  );
}

/** Only the spans of this series, and a trace of it. */
export function SeriesActions({
  series,
  actions,
}: {
  series: MetricSeries;
  actions: QueryActions;
}): ReactElement {
  const conditions = series.labels.flatMap((label) => conditionOfValue(label) ?? []);
  const example = series.exemplars[0];
  return (
    <>
      {conditions.length > 0 && (
        <IconButton
          icon="filter"
          size={13}
          label={`Only ${oneLine(conditions.join(" && "), 200)}`}
          onClick={() => actions.narrow(conditions)}
        />
      )}
      {example !== undefined && (
        <Link
          className={styles.iconLink}
          to={printRoute("trace", example.traceId, { span: example.spanId })}
          title="An example trace"
          aria-label="An example trace"
        >
          <Icon name="link" size={13} />
        </Link>
      )}
    </>
  );
}
