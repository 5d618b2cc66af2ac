// Series over time: the chart, and under it the legend with what each series came to.

import { oneLine } from "@clew/base";
import type { MetricExemplar, MetricSeries } from "@clew/model";
import { type ReactElement, useCallback, useMemo, useState } from "react";
import { useTraceqlMetrics } from "../../../api/traceql-queries.ts";
import { type ChartDot, SeriesChart } from "../../../charts/series-chart.tsx";
import { formatInstant } from "../../../format/time.ts";
import { columnsOf, factsOf, formatUnit, seriesNames, unitOf } from "../../../query/series.ts";
import { navigate } from "../../../router/location.ts";
import { printRoute } from "../../../router/routes.ts";
import { stepFor } from "../../../router/time-range.ts";
import { readSeries, useThemeVersion } from "../../../theme/theme.ts";
import { Button } from "../../../ui/controls.tsx";
import { EmptyState } from "../../../ui/states.tsx";
import { isBoolean, useStored } from "../../../ui/use-stored.ts";
import styles from "../query.module.css";
import type { AnswerProps } from "./answer-props.ts";
import { MetricsFrame } from "./metrics-frame.tsx";
import { PartialNote } from "./partial.tsx";
import { type LegendRow, SeriesLegend } from "./series-legend.tsx";

// More lines than this tell nothing; the rest are a click away.
const mostDrawn = 40;

interface ExemplarDot extends ChartDot {
  readonly exemplar: MetricExemplar;
}

export function SeriesAnswer(props: AnswerProps): ReactElement {
  const { text, range } = props;
  const step = stepFor(range, 150);
  const answer = useTraceqlMetrics({ q: text, range, stepNano: step, exemplars: 40 }, true);
  const { data } = answer;
  return (
    <MetricsFrame props={props} answer={answer}>
      {data !== undefined && data.series.length === 0 && (
        <EmptyState title="No series in this time range">
          No span matched, or none has the field that is computed with.
        </EmptyState>
      )}
      {data !== undefined && data.series.length > 0 && (
        <>
          <PartialNote message={data.partial} />
          <Series {...props} all={data.series} />
        </>
      )}
    </MetricsFrame>
  );
}

function Series({
  query,
  range,
  actions,
  all,
}: AnswerProps & { all: readonly MetricSeries[] }): ReactElement {
  const theme = useThemeVersion();
  const [alone, setAlone] = useState<ReadonlySet<number>>(new Set());
  const [shown, setShown] = useState(mostDrawn);
  const [dotted, setDotted] = useStored("query.exemplars", true, isBoolean);
  const unit = useMemo(() => unitOf(query), [query]);
  const format = useCallback((value: number) => formatUnit(value, unit), [unit]);
  const rows = useMemo(() => {
    const names = seriesNames(all);
    return all
      .map((series, i) => ({ series, name: names[i] as string, facts: factsOf(series) }))
      .sort((a, b) => (b.facts.mean || 0) - (a.facts.mean || 0));
  }, [all]);
  const colours = useMemo(() => {
    const palette = readSeries();
    return rows.map((_, i) => palette[i % palette.length] as string);
    // oxlint-disable-next-line react/exhaustive-deps -- the palette changes with the theme
  }, [rows, theme]);
  const columns = useMemo(() => columnsOf(rows.map(({ series }) => series)), [rows]);
  const isDrawn = useCallback(
    (i: number): boolean => (alone.size === 0 ? i < shown : alone.has(i)),
    [alone, shown],
  );
  const drawn = useMemo(
    () =>
      rows.flatMap(({ name }, i) =>
        isDrawn(i) ? [{ name, colour: colours[i] as string, values: columns.values[i] ?? [] }] : [],
      ),
    [rows, colours, columns, isDrawn],
  );
  const dots = useMemo(
    () =>
      rows.flatMap(({ series, name }, i) =>
        dotted && isDrawn(i)
          ? series.exemplars.map(
              (exemplar): ExemplarDot => ({
                timeMs: dotTime(series, exemplar),
                value: exemplar.value,
                colour: colours[i] as string,
                text: `${name}, ${formatInstant(BigInt(Math.round(exemplar.timeMs)) * 1_000_000n)}`,
                exemplar,
              }),
            )
          : [],
      ),
    [rows, colours, isDrawn, dotted],
  );
  const start = Number(range.startNano / 1_000_000n) / 1000;
  // The last step may end after the range does.
  const end = Math.max(Number(range.endNano / 1_000_000n) / 1000, columns.times.at(-1) ?? 0);
  const extent = useMemo(() => [start, end] as const, [start, end]);
  const open = (dot: ExemplarDot, event: MouseEvent): void => {
    const { traceId, spanId } = dot.exemplar;
    const address = printRoute("trace", traceId, { span: spanId });
    if (event.ctrlKey || event.metaKey) window.open(address, "_blank", "noopener");
    else navigate(address);
  };
  return (
    <>
      <div className={styles.chartBox}>
        <SeriesChart
          times={columns.times}
          extent={extent}
          series={drawn}
          dots={dots}
          format={format}
          height={300}
          label={`${rows.length} series over time: ${rows
            .slice(0, 5)
            .map(({ name }) => oneLine(name, 60))
            .join(", ")}. Drag to pick a time range.`}
          onRange={(fromMs, toMs) =>
            actions.set({ from: new Date(fromMs).toISOString(), to: new Date(toMs).toISOString() })
          }
          onDot={open}
        />
      </div>
      <div className={styles.resultBar}>
        <span role="status">{rows.length.toLocaleString("en-US")} series</span>
        <Button
          look="quiet"
          on={dotted}
          aria-pressed={dotted}
          title="Dots on the chart that lead to traces"
          onClick={() => setDotted(!dotted)}
        >
          Example traces
        </Button>
        {alone.size > 0 && (
          <Button look="quiet" onClick={() => setAlone(new Set())}>
            Show all series
          </Button>
        )}
        {alone.size === 0 && rows.length > shown && (
          <Button look="quiet" onClick={() => setShown(rows.length)}>
            {shown} are drawn; draw all
          </Button>
        )}
        <span className={styles.space} />
        <span className={styles.keysHint}>Click isolates a series, Ctrl+click adds one</span>
      </div>
      <SeriesLegend
        rows={rows.map(
          (row, i): LegendRow => ({ ...row, colour: colours[i] as string, isDrawn: isDrawn(i) }),
        )}
        format={format}
        actions={actions}
        onPick={(i, adds) => setAlone(picked(alone, i, adds))}
      />
    </>
  );
}

/** Where the dot of an exemplar stands: on the line where it stands for a step, else at its own time. */
function dotTime({ samples }: MetricSeries, { timeMs, value }: MetricExemplar): number {
  const step = samples.find((sample) => sample.timeMs >= timeMs);
  return step?.value === value ? step.timeMs : timeMs;
}

/** The isolated series after a click on one: it alone, or with the others; again to let it go. */
function picked(alone: ReadonlySet<number>, i: number, adds: boolean): ReadonlySet<number> {
  if (adds) {
    const next = new Set(alone);
    if (!next.delete(i)) next.add(i);
    return next;
  }
  return alone.size === 1 && alone.has(i) ? new Set() : new Set([i]);
}
