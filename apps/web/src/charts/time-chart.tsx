// Lines over time on uPlot. Colours come from the tokens; dragging across picks a time range.

import { type ReactElement, useEffect, useRef } from "react";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { readTokens, useThemeVersion } from "../theme/theme.ts";
import styles from "./charts.module.css";
import { plotAxes } from "./plot-axes.ts";

export interface ChartSeries {
  readonly label: string;
  /** Name of a colour token without dashes. */
  readonly token: "accent" | "error" | "series-0" | "series-1" | "series-2" | "muted";
  readonly values: readonly (number | null)[];
  readonly dash?: readonly number[];
  readonly fill?: boolean;
}

export interface TimeChartProps {
  /** Seconds since 1970, ascending. */
  readonly times: readonly number[];
  readonly series: readonly ChartSeries[];
  readonly format: (value: number) => string;
  readonly onRange?: (fromMs: number, toMs: number) => void;
  readonly label: string;
}

const height = 170;

export default function TimeChart({
  times,
  series,
  format,
  onRange,
  label,
}: TimeChartProps): ReactElement {
  const host = useRef<HTMLDivElement>(null);
  const theme = useThemeVersion();
  const range = useRef(onRange);
  useEffect(() => {
    range.current = onRange;
  });
  useEffect(() => {
    const element = host.current as HTMLDivElement;
    const options = chartOptions(series, format, element.clientWidth, (from, to) =>
      range.current?.(from, to),
    );
    const chart = new uPlot(
      options,
      [times as number[], ...series.map((one) => one.values as number[])],
      element,
    );
    const resized = new ResizeObserver(() => chart.setSize({ width: element.clientWidth, height }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      chart.destroy();
    };
  }, [times, series, format, theme]);
  return (
    <div
      ref={host}
      className={styles.chart}
      style={{ height: height + 26 }}
      role="img"
      aria-label={label}
    />
  );
}

/** Points without a neighbour: no line shows them, so they get a dot. */
function lonelyPoints(chart: uPlot, series: number): number[] {
  const values = chart.data[series] ?? [];
  const lonely: number[] = [];
  for (let i = 0; i < values.length; i++) {
    if (values[i] != null && values[i - 1] == null && values[i + 1] == null) lonely.push(i);
  }
  return lonely;
}

function chartOptions(
  series: readonly ChartSeries[],
  format: (value: number) => string,
  width: number,
  onRange: (fromMs: number, toMs: number) => void,
): uPlot.Options {
  const tokens = readTokens([
    "muted",
    "grid",
    "font",
    "accent",
    "error",
    "series-0",
    "series-1",
    "series-2",
  ]);
  return {
    width,
    height,
    padding: [10, 14, 0, 0],
    cursor: {
      sync: { key: "red" },
      points: { size: 6 },
      drag: { x: true, y: false, setScale: false },
    },
    legend: { show: true, live: true },
    scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: plotAxes(tokens, format, 62),
    series: [
      { value: "{HH}:{mm}:{ss}" },
      ...series.map(
        (one): uPlot.Series => ({
          label: one.label,
          stroke: tokens[one.token],
          width: 1.5,
          points: { show: true, size: 5, fill: tokens[one.token], filter: lonelyPoints },
          ...(one.dash === undefined ? {} : { dash: [...one.dash] }),
          ...(one.fill === true
            ? { fill: `color-mix(in srgb, ${tokens[one.token]} 14%, transparent)` }
            : {}),
          value: (_, value) => (value == null ? "–" : format(value)),
        }),
      ),
    ],
    hooks: {
      setSelect: [
        (chart) => {
          const { left, width: selected } = chart.select;
          if (selected < 4) return;
          const from = chart.posToVal(left, "x") * 1000;
          const to = chart.posToVal(left + selected, "x") * 1000;
          chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          onRange(from, to);
        },
      ],
    },
  };
}
